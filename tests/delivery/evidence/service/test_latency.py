"""Two services side by side, and what is remembered of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError, TargetError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.predictions import Predictions
from delivery.evidence.service import latency
from delivery.evidence.service.latency import memory, side_by_side
from delivery.evidence.trial import Trial
from delivery.gates.policy import GatesPolicy
from delivery.gates.service.latency import Policy, Side, judge
from tests.delivery.standin import halves, standin

POLICY = Policy(blocks=6, requests=4, slack_ms=0)
ROWS: list[dict[str, Any]] = [{"x": number} for number in range(3)]


@dataclass
class Heard:
    """Who was asked for what, in order."""

    rows: list[tuple[str, int, int]] = field(default_factory=list)

    def answer(self, name: str) -> Any:
        def answer(batch: list[dict[str, Any]]) -> tuple[int, Any]:
            self.rows.append((name, len(batch), batch[0]["x"]))
            return halves(batch)

        return answer


def test_both_get_the_same_requests_in_turns() -> None:
    heard = Heard()
    with standin(heard.answer("a")) as one, standin(heard.answer("b")) as other:
        first, second = side_by_side((one, other), ROWS, POLICY)
    assert first.ms.shape == second.ms.shape == (6, 4)
    assert (first.ms > 0).all()
    asked = {name: [row[1:] for row in heard.rows if row[0] == name] for name in "ab"}
    assert asked["a"] == asked["b"]
    blocks = [row[0] for row in heard.rows if row[1] == 1][2 * len(ROWS) :: POLICY.requests]
    assert "".join(blocks) == "abbaabbaabba"


@pytest.mark.parametrize(("status", "error"), [(422, HeldError), (500, TargetError)])
def test_a_side_that_does_not_answer_is_no_measurement(status: int, error: type) -> None:
    with (
        standin(halves) as one,
        standin(lambda _: (status, {"error": "no"})) as other,
        pytest.raises(error, match="no"),
    ):
        side_by_side((one, other), ROWS, POLICY)


def test_memory_is_that_of_who_listens() -> None:
    with standin(halves) as url:
        steady, peak = memory(url)
    assert 10 < steady <= peak * 1.001
    with pytest.raises(TargetError, match="no process"):
        memory("http://127.0.0.1:9")


class Desks:
    """Predictions whose measurements are given, and counted."""

    def __init__(self, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.factors: list[float] = []
        self.asked = 0
        servers: Any = type("Servers", (), {"url": lambda *_: "u", "progress": lambda *_: None})()
        self.predictions = Predictions(workspace, servers)
        self.subjects = [Bento(name, workspace / name) for name in ("r-1", "r-2")]
        for bento in self.subjects:
            bento.path.mkdir()
            (bento.path / "bento.yaml").write_text(bento.id)
        monkeypatch.setattr(latency, "read_examples", lambda _: [])
        monkeypatch.setattr(latency, "side_by_side", self.measure)

    def measure(self, *_: object) -> tuple[Side, Side]:
        self.asked += 1
        ms = np.full((6, 4), 4.0)
        return Side(ms * self.factors.pop(0), 1, 1), Side(ms, 1, 1)

    def status(self, *factors: float, first: bool = False) -> str:
        self.factors = list(factors)
        candidate, champion = self.subjects
        evaluation, policy = Evaluation(candidate.path), GatesPolicy(latency=POLICY)
        trial = Trial(candidate, None if first else champion, evaluation, policy, self.predictions)
        return judge(latency.gather(trial), POLICY).status


@pytest.fixture
def desks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desks:
    return Desks(tmp_path, monkeypatch)


def test_harm_has_to_be_found_twice_and_a_pass_is_remembered(desks: Desks) -> None:
    assert desks.status(2.0, 2.0) == "fail"
    assert desks.asked == 2
    assert desks.status(2.0, 1.0) == "pass"
    assert desks.asked == 4
    assert desks.status() == "pass"


@pytest.mark.parametrize("text", ["", "{}", "[]", json.dumps([[1, 2, 3], 4])])
def test_a_damaged_memory_is_measured_again(desks: Desks, tmp_path: Path, text: str) -> None:
    assert desks.status(1.0) == "pass"
    (note,) = (tmp_path / "cache" / "latency").iterdir()
    note.write_text(text)
    assert desks.status(1.0) == "pass"
    assert desks.asked == 2


def test_without_a_champion_nothing_is_started(desks: Desks) -> None:
    assert desks.status(first=True) == "pass"
    assert desks.asked == 0
