"""How an experiment ends, in every combination of what is seen."""

from __future__ import annotations

from itertools import product

import pytest

from delivery.deployment.strategies.ab import conclude
from delivery.gates.rollout.decision import inconclusive
from delivery.gates.verdict import Verdict

GO = Verdict("rollout_errors", "pass", "m", "r", "w")
WAIT = inconclusive("exposure", "m", "r", "some are missing", 5)
HARM = Verdict("rollout_errors", "fail", "m", "r", "it fails more")
FAULT = Verdict("sample_ratio", "hold", "m", "r", "50% instead of 25%")
OUTCOMES = {
    "winner": Verdict("experiment", "pass", "m", "r", "w"),
    "worse": Verdict("experiment", "fail", "m", "r", "w"),
    "void": Verdict("experiment", "hold", "m", "r", "outcomes are lost"),
    "no difference": inconclusive("experiment", "m", "r", "w", 0, result="no difference"),
    "undecided": inconclusive("experiment", "m", "r", "ceiling", 0, result="undecided"),
    "": inconclusive("experiment", "m", "r", "w", 100, result="undecided"),
}


def result(*safety: Verdict, says: str = "", died: bool = False, over: bool = False) -> str:
    made = conclude(safety, OUTCOMES[says], died=died, over=over)
    return made.result if made else ""


@pytest.mark.parametrize(("says", "quiet"), product(OUTCOMES, [(GO,), (WAIT,), ()]))
def test_where_nothing_is_wrong_outcomes_decide(says: str, quiet: tuple[Verdict, ...]) -> None:
    assert result(*quiet, says=says) == says


@pytest.mark.parametrize("says", OUTCOMES)
def test_harm_and_faults_come_first(says: str) -> None:
    assert result(GO, HARM, says=says) == "harmed"
    assert result(GO, FAULT, says=says) == "void"
    assert result(HARM, FAULT, says=says) == "harmed"
    assert result(GO, says=says, died=True) == "harmed"


def test_at_the_ceiling_by_the_clock_it_is_undecided() -> None:
    assert result(GO, says="", over=True) == "undecided"
    assert result(GO, says="winner", over=True) == "winner"
