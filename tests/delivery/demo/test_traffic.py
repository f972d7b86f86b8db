"""The traffic generator counts every answer and every loss, and ends when told."""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path
from typing import Any

from delivery.demo.traffic import Plan, run
from tests.delivery.standin import halves, standin

BODIES = [b'{"instances": [{}]}']


def drive(url: str, tmp_path: Path, seconds: float) -> dict[str, Any]:
    stop, out = tmp_path / "stop", tmp_path / "out.json"
    timer = threading.Timer(seconds, stop.touch)
    timer.start()
    run(Plan(url, rate=100, clients=2, seconds=30), BODIES, stop, out)
    timer.join()
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_answers_are_counted_by_release(tmp_path: Path) -> None:
    turn = itertools.cycle(["r-1", "r-2"])
    with standin(lambda _: (200, {"predictions": [0.5], "release": next(turn)})) as url:
        found = drive(url, tmp_path, 0.6)
    assert found["failures"] == 0
    assert set(found["releases"]) == {"r-1", "r-2"}
    assert found["requests"] == sum(found["releases"].values()) >= 20
    assert 0 < found["max_gap_s"] < 0.6


def test_every_kind_of_loss_is_counted(tmp_path: Path) -> None:
    bad = itertools.cycle([(503, {}), (200, ["no object"]), (200, {"predictions": []})])
    with standin(lambda _: next(bad)) as url:
        found = drive(url, tmp_path, 0.3)
    assert found["failures"] == found["requests"] > 3
    assert "503" in found["first_failure"]


def test_a_refused_connection_is_a_loss(tmp_path: Path) -> None:
    found = drive("http://127.0.0.1:9", tmp_path, 0.2)
    assert found["failures"] == found["requests"] > 0


def test_it_ends_by_itself(tmp_path: Path) -> None:
    with standin(halves) as url:
        tally = run(Plan(url, 50, 1, 0.2), BODIES, tmp_path / "never", tmp_path / "out")
    assert tally.requests > 0
