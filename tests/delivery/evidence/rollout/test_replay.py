"""A candidate is asked what its champion was asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from delivery.bento.readiness import local_client
from delivery.evidence.rollout.answers import Answered, Answers
from delivery.evidence.rollout.replay import compared, replayed
from delivery.gates.rollout.observations.pairs import Compared
from serving.contract import Task
from serving.settings.host import Host
from tests.delivery.running import eventually
from tests.delivery.standin import Answer, standin
from tests.serving.conftest import TASKS, client_of
from tests.serving.telemetry.predictions.test_prediction_log import ROW
from tests.serving.tiny import write_tiny_model

ITEM = Answered("key", 1.0, "d", {"x": [0.1, None], "to": ["LAX", "SFO"]}, [0.5, 0.6])


@contextmanager
def asked(answer: Answer, ids: list[str] | None = None) -> Iterator[Compared | None]:
    with standin(answer, ids=ids) as url, local_client() as client:
        yield replayed(client, url, ITEM, ("to",))


def test_it_gets_the_same_rows_and_its_answer_stands_beside_the_champions() -> None:
    seen: list[Any] = []
    ids: list[str] = []

    def answer(rows: list[dict[str, Any]]) -> tuple[int, Any]:
        seen.extend(rows)
        return 200, {"predictions": [0.4, 0.7]}

    with asked(answer, ids) as made:
        assert made is not None
        assert (made.champion, made.candidate, made.why) == ([0.5, 0.6], [0.4, 0.7], "")
        assert (made.key, made.at, made.segments) == ("key", 1.0, {"to": ["LAX", "SFO"]})
        assert made.seconds is not None
        assert made.seconds > 0
    assert seen == [{"x": 0.1, "to": "LAX"}, {"x": None, "to": "SFO"}]
    assert ids == ["delivery.shadow"], "no client asked"


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (422, {"error": "x is odd"}, "422"),
        (500, {}, "500"),
        (200, {"predictions": [0.5]}, "2 rows"),
        (200, {"predictions": [0.5, None]}, "2 rows"),
        (200, {"predictions": [[0.5], ["a"]]}, "2 rows"),
        (200, {}, "2 rows"),
        (200, [], "2 rows"),
    ],
)
def test_anything_but_scores_is_a_failure(status: int, body: Any, why: str) -> None:
    with asked(lambda _: (status, body)) as made:
        assert made is not None
        assert made.candidate is None
        assert why in made.why


def test_classes_have_a_score_each() -> None:
    with asked(lambda _: (200, {"predictions": [[0.1, 0.9], [0.2, 0.8]]})) as made:
        assert made is not None
        assert made.candidate == [[0.1, 0.9], [0.2, 0.8]]


@pytest.mark.parametrize("status", [429, 503])
def test_who_has_too_much_to_do_is_asked_later(status: int) -> None:
    with asked(lambda _: (status, {})) as made:
        assert made is None


@pytest.mark.parametrize("task", TASKS)
def test_what_the_service_wrote_down_it_answers_again(task: Task, tmp_path: Path) -> None:
    """Row by row, missing values and several rows a request included; and the replay is no
    client's."""
    write_tiny_model(tmp_path / "model", task)
    client = client_of(tmp_path / "model", host=Host(local=True, log_folder=tmp_path / "log"))
    asked = [[ROW], [ROW | {"wind": 3.25}, ROW | {"hour": 10, "carrier": "AA"}]]
    for rows in asked:
        assert client.post("/predict", json={"instances": rows}).status_code == 200
    log = Answers(tmp_path / "log", "r-0123456789ab", 100)
    items = [*eventually(log.read)]
    items += [] if len(items) == 2 else eventually(log.read)
    for item in items:
        made = replayed(client, "http://testserver", item)
        assert made is not None
        assert made.why == ""
        assert made.candidate == made.champion
    time.sleep(0.5)
    assert log.read() == []


def test_who_does_not_answer_fails() -> None:
    with local_client() as client:
        made = replayed(client, "http://127.0.0.1:1", ITEM)
    assert made is not None
    assert made.candidate is None
    assert "does not answer" in made.why
    assert made.seconds is None


def test_a_segment_that_was_not_written_down_is_left_out() -> None:
    assert compared(ITEM, [0.5, 0.6], ("hour",)).segments == {}
