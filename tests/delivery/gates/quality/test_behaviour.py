"""What the author declared has to be so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from delivery.gates.quality.behaviour import Asked, Evidence, Policy, judge
from serving.contract import Behaviour

POLICY = Policy()
HIGHER = {"higher": {}, "lower": {}, "by": 0.25}
SAME = {"same": [{}, {}], "within": 0.25}
LIMITS = {"row": {}, "minimum": 0.25, "maximum": 0.75}


def asked(kind: dict[str, Any], *scores: float, dropped: bool = False) -> Evidence:
    return Evidence((Asked(Behaviour(name="it", **kind), scores, dropped=dropped),))


@pytest.mark.parametrize(
    ("kind", "scores", "status"),
    [
        (HIGHER, (0.51, 0.25), "pass"),
        (HIGHER, (0.5, 0.25), "pass"),
        (HIGHER, (0.49, 0.25), "fail"),
        (HIGHER, (0.25, 0.5), "fail"),
        (SAME, (0.49, 0.25), "pass"),
        (SAME, (0.25, 0.5), "pass"),
        (SAME, (0.25, 0.51), "fail"),
        (LIMITS, (0.24,), "fail"),
        (LIMITS, (0.25,), "pass"),
        (LIMITS, (0.75,), "pass"),
        (LIMITS, (0.76,), "fail"),
    ],
)
def test_each_kind_at_below_and_above_its_limit(
    kind: dict[str, Any], scores: tuple[float, ...], status: str
) -> None:
    verdict = judge(asked(kind, *scores), POLICY)
    assert verdict.status == status
    assert ("it: " in verdict.why) == (status == "fail")


@pytest.mark.parametrize(
    ("kind", "scores", "required"),
    [
        (HIGHER, (0.25, 0.5), "the first is higher by 0.25 or more"),
        (SAME, (0.25, 0.75), "equal within 0.25"),
        (LIMITS, (0.125,), "at least 0.25, at most 0.75"),
    ],
)
def test_what_is_not_met_is_told_with_its_scores_and_limit(
    kind: dict[str, Any], scores: tuple[float, ...], required: str
) -> None:
    shown = ", ".join(map(str, scores))
    assert judge(asked(kind, *scores), POLICY).why == f"it: {shown}; {required}"


def test_those_that_are_met_are_counted() -> None:
    kinds = (asked(LIMITS, 0.5), asked(LIMITS, 0.5), asked(LIMITS, 0.1), asked(LIMITS, np.nan))
    verdict = judge(Evidence(tuple(one for kind in kinds for one in kind.asked or ())), POLICY)
    assert verdict.measured == "2 of 4 met"


def test_one_limit_is_enough() -> None:
    assert judge(asked({"row": {}, "minimum": 0.5}, 1e9), POLICY).status == "pass"
    assert judge(asked({"row": {}, "maximum": 0.5}, -1e9), POLICY).status == "pass"


def test_a_behaviour_of_the_champion_counts_and_is_named() -> None:
    verdict = judge(asked(HIGHER, 0.1, 0.2, dropped=True), POLICY)
    assert verdict.status == "fail"
    assert "declared by the champion" in verdict.why
    kept = judge(asked(HIGHER, 0.9, 0.1, dropped=True), POLICY)
    assert kept.status == "pass"
    assert "no longer declared, but met: it" in kept.why


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_answer_that_is_no_number_holds(bad: float) -> None:
    assert judge(asked(HIGHER, bad, 0.2), POLICY).status == "hold"


def test_a_row_that_is_refused_holds_and_says_why() -> None:
    evidence = Evidence((Asked(Behaviour(name="it", **HIGHER), None, "hour is 25"),))
    verdict = judge(evidence, POLICY)
    assert (verdict.status, verdict.why) == ("hold", "it: hour is 25")


def test_behaviours_that_cannot_be_read_hold() -> None:
    assert judge(Evidence(None, "line 3 is no behaviour"), POLICY).status == "hold"


def test_none_declared_passes_unless_some_are_asked_for() -> None:
    assert judge(Evidence(()), POLICY).status == "pass"
    one = asked(LIMITS, 0.5)
    assert judge(one, Policy(minimum_behaviours=1)).status == "pass"
    assert judge(one, Policy(minimum_behaviours=2)).status == "hold"
    dropped = asked(LIMITS, 0.5, dropped=True)
    assert judge(dropped, Policy(minimum_behaviours=1)).status == "hold"
