"""Whoever asks, and however: the same rows get the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import numpy as np
import pytest
from starlette.testclient import TestClient

from serving.contract import Contract, Task
from serving.http.app import Service
from serving.rows.validate import FEW, Validator
from serving.settings.service import ProtocolName, ServingSettings
from tests.serving.protocols.conftest import MODELS, Polyglots
from tests.serving.protocols.speakers import SPEAKERS, Rows
from tests.serving.tiny import tiny_frame, tiny_instances
from tests.serving.tiny_tensor import tensor_rows


def rows_of(model: str, count: int) -> Rows:
    """Rows of which some lack a number, and, of the first, one that is not there at all."""
    if model == "tensor":
        return tensor_rows(count, seed=2)
    rows = tiny_instances(tiny_frame(count, seed=2))
    rows[0]["wind"] = None
    rows[0]["carrier"] = 'new, "and quoted" é'
    return rows


def expected(service: Service, rows: Rows) -> np.ndarray:
    """What the model itself says, without a protocol."""
    model = service.predictor.model
    return model.score(Validator(model.contract)(rows).columns)


CASES = [
    (name, model)
    for name, speaker in SPEAKERS.items()
    for model in MODELS
    if speaker.tensors or model != "tensor"
]


@pytest.mark.parametrize(("name", "model"), CASES)
def test_every_protocol_gives_the_same_bits(polyglots: Polyglots, name: str, model: str) -> None:
    service, client = polyglots[model]
    contract: Contract = service.predictor.contract
    speaker = SPEAKERS[name]
    for count in (1, FEW, FEW + 1, 100):
        rows = rows_of(model, count)
        found = speaker.scores(client, contract, rows)
        assert found.tobytes() == expected(service, rows).tobytes()
        assert found.shape == expected(service, rows).shape


@pytest.mark.parametrize(
    "name", [name for name, one in SPEAKERS.items() if one.protocol in ServingSettings().protocols]
)
def test_the_defaults_give_the_same_bits(
    clients: Mapping[Task, TestClient], polyglots: Polyglots, name: str
) -> None:
    """Where SageMaker is off, MLflow itself answers at the path that both have."""
    service = polyglots["binary"][0]
    rows = rows_of("binary", 3)
    found = SPEAKERS[name].scores(clients["binary"], service.predictor.contract, rows)
    assert found.tobytes() == expected(service, rows).tobytes()


@pytest.mark.parametrize("name", ["native", "tensorflow", "vertex", "vertex-client"])
@pytest.mark.parametrize("model", MODELS)
def test_usual_rows_need_no_closer_look(
    polyglots: Polyglots, name: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bits above come the short way, for scalars and for tensors."""
    service, client = polyglots[model]
    rows = rows_of(model, 20)
    wanted = expected(service, rows)
    monkeypatch.setattr(service.predictor, "_validate", None)
    found = SPEAKERS[name].scores(client, service.predictor.contract, rows)
    assert found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("name", SPEAKERS)
def test_a_protocol_that_is_off_has_no_routes(client: TestClient, name: str) -> None:
    """The defaults: native, v2 and MLflow."""
    speaker = SPEAKERS[name]
    found = client.post(speaker.path, content=b"").status_code
    on = speaker.protocol in ("native", "v2", "mlflow") or speaker.path == "/invocations"
    assert found != 404 if on else found == 404


def test_every_protocol_is_tried() -> None:
    assert {speaker.protocol for speaker in SPEAKERS.values()} == set(get_args(ProtocolName))
