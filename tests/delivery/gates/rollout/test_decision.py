"""From verdicts to what comes next, over every combination of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from delivery.gates.rollout.decision import EXPOSURE, at_ceiling, decide, inconclusive, needed
from delivery.gates.verdict import Verdict


def verdict(gate: str, kind: str) -> Verdict:
    if kind == "inconclusive":
        return inconclusive(gate, "10", "2,000", "too few", 1_990, could_have_missed=0.02)
    return Verdict(gate, "hold" if kind == "void" else kind, "", "", f"it is {kind}")


KINDS = ("pass", "fail", "void", "inconclusive")


@pytest.mark.parametrize("last", [False, True])
def test_what_comes_next_for_every_combination(last: bool) -> None:
    for exposure, errors, latency in product(KINDS, repeat=3):
        kinds = (exposure, errors, latency)
        gates = (EXPOSURE, "rollout_errors", "rollout_latency")
        decision = decide(map(verdict, gates, kinds), last=last)
        if "fail" in kinds:
            expected = "stop"
        elif "void" in kinds:
            expected = "hold"
        elif "inconclusive" in (kinds if last else kinds[:1]):
            expected = "wait"
        else:
            expected = "go"
        assert decision.next == expected, (kinds, last)
        assert (decision.needed == 1_990) == (expected == "wait")
        assert decision.why


@pytest.mark.parametrize("last", [False, True])
def test_nothing_judged_is_a_wait_and_never_a_pass(last: bool) -> None:
    assert decide((), last=last).next == "wait"


@pytest.mark.parametrize("kind", KINDS)
def test_a_persons_reason_makes_up_for_a_verdict(kind: str) -> None:
    one = replace(verdict("rollout_errors", kind), override="known: the client sends nonsense")
    assert decide([one], last=True).next == "go"


def test_not_checked_is_no_pass() -> None:
    one = Verdict("rollout_latency", "not checked", "", "", "the clock is not the real one")
    assert decide([one], last=True).next == "hold"


def test_only_what_is_inconclusive_waits_for_samples() -> None:
    assert [needed(verdict("x", kind)) for kind in KINDS] == [None, None, None, 1_990]


def test_at_the_ceiling_it_says_what_could_have_been_missed() -> None:
    passed, open_ = at_ceiling([verdict("a", "pass"), verdict("b", "inconclusive")])
    assert passed == verdict("a", "pass")
    assert needed(open_) == 0
    assert "could have missed ≤ 2.00%" in open_.why
    assert decide([passed, open_], last=True).next == "wait"


def test_a_verdict_of_a_rollout_is_kept_and_read_as_any_other() -> None:
    one = verdict("rollout_errors", "inconclusive")
    assert Verdict(**one.to_json()) == one
