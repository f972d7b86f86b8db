"""The traffic generator counts every answer and every loss, and ends when told."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from delivery.demo.traffic import Plan, run
from tests.delivery.running import eventually
from tests.delivery.standin import halves, standin

BODIES = [b'{"instances": [{}]}']


def drive(url: str, tmp_path: Path, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Let traffic run until its own notes say that there was enough of it."""
    stop, out = tmp_path / "stop", tmp_path / "out.json"
    plan = Plan(url, rate=100, clients=2, seconds=120)
    running = threading.Thread(target=run, args=(plan, BODIES, stop, out))
    running.start()

    def notes() -> dict[str, Any]:
        content: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {"requests": 0}
        return content

    try:
        eventually(lambda: enough(notes()))
    finally:
        stop.touch()
        running.join()
    return notes()


def test_answers_are_counted_by_release(tmp_path: Path) -> None:
    turn = itertools.cycle(["r-1", "r-2"])
    with standin(lambda _: (200, {"predictions": [0.5], "release": next(turn)})) as url:
        found = drive(url, tmp_path, lambda notes: notes["requests"] >= 20)
    assert found["failures"] == 0
    assert set(found["releases"]) == {"r-1", "r-2"}
    assert found["requests"] == sum(found["releases"].values()) >= 20
    assert 0 < found["max_gap_s"] <= found["seconds"] + 0.1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((503, {}), "status 503"),
        ((200, ["no object"]), "TypeError"),
        ((200, {"predictions": []}), "KeyError('release')"),
    ],
)
def test_every_kind_of_loss_is_counted(
    tmp_path: Path, answer: tuple[int, Any], reason: str
) -> None:
    with standin(lambda _: answer) as url:
        found = drive(url, tmp_path, lambda notes: notes["requests"] > 3)
    assert found["failures"] == found["requests"] > 3
    assert reason in found["first_failure"]


def test_a_refused_connection_is_a_loss(tmp_path: Path) -> None:
    found = drive("http://127.0.0.1:9", tmp_path, lambda notes: notes["requests"] > 0)
    assert found["failures"] == found["requests"] > 0


def test_it_ends_by_itself(tmp_path: Path) -> None:
    with standin(halves) as url:
        tally = run(Plan(url, 50, 1, 0.2), BODIES, tmp_path / "never", tmp_path / "out")
    assert tally.requests > 0
