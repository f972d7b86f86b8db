"""What is copied to a candidate, and what never is; through Traefik itself."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.readiness import local_client
from delivery.targets.local.routing.configuration import configuration, plan_of, weights_of
from delivery.targets.local.routing.mirroring import BODY, PREDICTIONS, Reflection
from delivery.targets.mirror import Mirror
from delivery.targets.protocol import Target
from serving.protocols import protocols_of
from serving.settings.service import ServingSettings, Start
from tests.delivery.running import eventually, fake_bento

ALL = Mirror("a" * 40, 1, "r-one", "r-two", 100)
ADDRESSES = {"r-one": "http://127.0.0.1:1", "r-two": "http://127.0.0.1:2"}


def test_every_prediction_of_every_protocol_is_one_and_nothing_else_is() -> None:
    settings = ServingSettings.model_validate(
        {"protocols": ["native", "v2", "sagemaker", "mlflow", "tensorflow", "torchserve"]}
    )
    names = {"model": "flights", "version": "1", "endpoint": "e"}
    protocols = protocols_of(Start("r-one", settings))
    paths = {re.sub(r"{(\w+)}", lambda found: names[found[1]], route.path)
             for protocol in protocols for route in protocol.predicts}  # fmt: skip
    assert len(paths) >= 9
    assert [path for path in paths if not re.search(PREDICTIONS, path)] == []
    others = ("/feedback", "/explain", "/", "/predict/feedback", "/v2/feedback", "/predict\n")
    assert [path for path in others if re.fullmatch(PREDICTIONS, path)] == []


def test_it_is_read_back_and_clients_stay_where_they_are() -> None:
    reflection = Reflection(ALL, 1234)
    http, version = configuration({"r-one": 100}, ADDRESSES, reflection)
    assert (plan_of(http), weights_of(http)) == (reflection, {"r-one": 100})
    assert version != configuration({"r-one": 100}, ADDRESSES)[1]
    assert plan_of(configuration({"r-one": 100}, ADDRESSES)[0]) is None


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def mirrored(target: Target, notes: Path) -> Target:
    """Both run; nothing is mirrored yet."""
    notes.touch()
    bento = fake_bento(notes.parent / "noting", notes=str(notes))
    for release in ("r-one", "r-two"):
        target.runtime.start(Bento(release, bento))
    return target


def send(target: Target, path: str, count: int = 1, body: bytes = b"{}") -> set[str]:
    """Who answered."""
    with local_client() as client:
        return {client.post(f"{target.router.url}{path}", content=body).text for _ in range(count)}


def seen(notes: Path) -> Counter[str]:
    return Counter(notes.read_text().splitlines())


def test_predictions_are_copied_and_feedback_never_is(mirrored: Target, notes: Path) -> None:
    with mirrored.router.watched() as lease:
        mirrored.router.reflect(ALL, lease)
        assert mirrored.router.mirror() == ALL
        assert mirrored.router.is_under(lease)
        for path in ("/feedback", "/explain", "/v1/models/m/feedback"):
            assert send(mirrored, path, 3) == {"r-one"}
        assert send(mirrored, "/predict", 20) == {"r-one"}
        assert send(mirrored, "/v2/models/m/infer", 2) == {"r-one"}
        assert eventually(lambda: seen(notes)["r-two /v2/models/m/infer"] == 2)
    copied = {line: count for line, count in seen(notes).items() if line.startswith("r-two")}
    assert copied == {"r-two /predict": 20, "r-two /v2/models/m/infer": 2}


def test_a_share_of_them(mirrored: Target, notes: Path) -> None:
    with mirrored.router.watched() as lease:
        mirrored.router.reflect(Mirror("a" * 40, 1, "r-one", "r-two", 25), lease)
        send(mirrored, "/predict", 40)
        assert eventually(lambda: seen(notes)["r-two /predict"] == 10)
        mirrored.router.reflect(Mirror("a" * 40, 1, "r-one", "r-two", 0), lease)
        send(mirrored, "/predict", 20)
        assert mirrored.router.is_watched()
    assert seen(notes)["r-two /predict"] == 10


def test_a_large_body_is_answered_and_not_copied(mirrored: Target, notes: Path) -> None:
    with mirrored.router.watched() as lease:
        mirrored.router.reflect(ALL, lease)
        assert send(mirrored, "/predict", body=b" " * (BODY + 1)) == {"r-one"}
        assert send(mirrored, "/predict", body=b" " * 1000) == {"r-one"}
        assert eventually(lambda: seen(notes)["r-two /predict"])
    assert seen(notes)["r-two /predict"] == 1


def test_when_the_watcher_ends_nothing_is_copied_and_nobody_notices(
    mirrored: Target, notes: Path
) -> None:
    with mirrored.router.watched() as lease:
        mirrored.router.reflect(ALL, lease)
        send(mirrored, "/predict")
        assert eventually(lambda: seen(notes)["r-two /predict"])

    def is_quiet() -> bool:
        before = seen(notes)["r-two /predict"]
        assert send(mirrored, "/predict", 5) == {"r-one"}
        return seen(notes)["r-two /predict"] == before

    eventually(is_quiet)
    assert not mirrored.router.is_watched()


def test_a_candidate_that_died_costs_no_client_an_answer(mirrored: Target) -> None:
    with mirrored.router.watched() as lease:
        mirrored.router.reflect(ALL, lease)
        for process in mirrored.runtime.files.current("r-two").server.process.members():
            process.kill()
        assert send(mirrored, "/predict", 20) == {"r-one"}
        mirrored.router.refresh()
        assert mirrored.router.mirror() == ALL
        assert send(mirrored, "/predict", 5) == {"r-one"}


def test_another_route_ends_it(mirrored: Target, notes: Path) -> None:
    with mirrored.router.watched() as lease:
        mirrored.router.reflect(ALL, lease)
        mirrored.router.set_weights({"r-one": 100})
        assert mirrored.router.mirror() is None
        assert mirrored.runtime.settled() == {"r-one"}
        send(mirrored, "/predict", 5)
    assert "r-two /predict" not in seen(notes)
    assert json.loads(mirrored.router.file.path.read_text())["http"]["routers"].keys() == {
        "clients", "probe", "pulse",
    }  # fmt: skip
