"""TorchServe's row, list and envelope, each answered in kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serving.errors import Refusal
from serving.protocols.torchserve import PROTOCOL, error
from tests.serving.protocols.messages import (
    CONTRACT,
    ROW,
    content,
    decoded,
    message,
    scored,
    tiny_predictor,
)

ROUTE = PROTOCOL.predicts[0]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (ROW, 0.25),
        ([ROW], [0.25]),
        ({"instances": [ROW]}, {"predictions": [0.25]}),
    ],
)
def test_the_answer_has_the_shape_of_the_request(tmp_path: Path, body: Any, answer: Any) -> None:
    query = decoded(ROUTE, body)
    assert query.count == 1
    assert content(ROUTE.encode(scored(0.25), query, tiny_predictor(tmp_path))) == answer


def test_an_input_that_is_called_instances_is_a_row() -> None:
    spec = CONTRACT.inputs[0].model_copy(update={"name": "instances"})
    contract = CONTRACT.model_copy(update={"inputs": (spec, *CONTRACT.inputs[1:])})
    query = ROUTE.decode(message({"instances": 9}), contract)
    assert query.rows == [{"instances": 9}]


@pytest.mark.parametrize("body", [b"7", b'"row"', b"null"])
def test_what_is_no_row_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal, match="a row, a list of rows"):
        ROUTE.decode(message(body), CONTRACT)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (422, 400, "BadRequestException"),
        (404, 404, "ModelNotFoundException"),
        (503, 503, "ServiceUnavailableException"),
    ],
)
def test_errors_have_torchserves_names(status: int, code: int, kind: str) -> None:
    assert content(error(status, "no", ())) == {"code": code, "type": kind, "message": "no"}
