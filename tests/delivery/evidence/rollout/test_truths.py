"""Labels are found by the id of their request."""

from __future__ import annotations

import json
from pathlib import Path

from delivery.evidence.rollout.truths import Truths
from delivery.gates.rollout.observations.served import digest


def told(folder: Path, *lines: str) -> None:
    with (folder / "feedback.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def line(request: str, truth: object) -> str:
    return json.dumps({"request_id": request, "truth": truth, "time": "2026-11-27T10:00:00+00:00"})


def test_what_came_is_read_on_and_the_first_counts(tmp_path: Path) -> None:
    truths = Truths(tmp_path, 100)
    assert truths.read() == {}
    told(tmp_path, line("one", "yes"), line("one", "no"))
    assert truths.read() == {digest("one"): "yes"}
    told(tmp_path, line("two", [1, 2]))
    assert truths.read() == {digest("one"): "yes", digest("two"): [1, 2]}


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    told(tmp_path, "half", "[]", '{"truth": 1}', '{"request_id": 7, "truth": 1}', line("one", 1))
    assert Truths(tmp_path, 100).read() == {digest("one"): 1}
