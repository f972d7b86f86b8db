"""All traffic at once: never before the verdicts, and never `verified` before the traffic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.deployment.strategies.action import (
    Action,
    Hold,
    Judge,
    Reject,
    SetWeights,
    Situation,
    Start,
    Verify,
    Wait,
)
from delivery.deployment.strategies.at_once import at_once
from delivery.events.event import Event
from delivery.gates.verdict import Status, Verdict
from delivery.state.desired import Desired
from delivery.state.history import Attempt
from tests.delivery.place import environment
from tests.origin import version

ONE, TWO = "r-111111111111", "r-222222222222"
DESIRED = Desired(version(TWO))


def attempt(*kinds: str) -> Attempt:
    events = tuple(Event("staging", "a" * 40, kind, TWO, "local") for kind in kinds)
    return Attempt(environment("staging"), "local", "a" * 40, DESIRED, events)


def verdict(status: Status, override: str = "") -> Verdict:
    return Verdict("smoke", status, "m", "r", "w", override=override)


ANALYSING = Situation(attempt("deployed"), {ONE: 100})


@pytest.mark.parametrize(
    ("route", "running", "action"),
    [
        ({}, {ONE}, SetWeights({ONE: 100})),  # clients are answered before anything starts
        ({}, set(), Start()),  # the first release, or a previous one that may not start
        ({ONE: 100}, {ONE}, Start()),
        ({TWO: 100}, {ONE}, Start()),  # whoever has the traffic keeps it
    ],
)
def test_a_merged_release_is_started(
    route: dict[str, int], running: set[str], action: Action
) -> None:
    assert at_once(Situation(attempt(), route, version(ONE), running=running)) == action


def test_a_started_release_is_judged_first() -> None:
    assert at_once(ANALYSING) == Judge()
    assert at_once(replace(ANALYSING, route={TWO: 100}, confirmed=True)) == Judge()


@pytest.mark.parametrize(
    ("verdicts", "action"),
    [
        (("pass", "fail"), Reject()),
        (("hold", "fail"), Reject()),
        (("pass", "hold"), Hold()),
        (("pass", "pass"), SetWeights({TWO: 100})),
        ((), SetWeights({TWO: 100})),
    ],
)
def test_verdicts_decide(verdicts: tuple[Status, ...], action: Action) -> None:
    judged = tuple(verdict(status) for status in verdicts)
    assert at_once(replace(ANALYSING, verdicts=judged)) == action


def test_what_a_person_overrode_does_not_block() -> None:
    judged = replace(ANALYSING, verdicts=(verdict("fail", override="it is urgent"),))
    assert at_once(judged) == SetWeights({TWO: 100})


def test_it_is_verified_once_the_router_answers_so() -> None:
    passed = replace(ANALYSING, verdicts=(verdict("pass"),), route={TWO: 100})
    assert at_once(passed) == SetWeights({TWO: 100}), "a killed tick may have written this"
    assert at_once(replace(passed, confirmed=True)) == Verify()
    other = replace(passed, confirmed=True, route={ONE: 50, TWO: 50})
    assert at_once(other) == SetWeights({TWO: 100})


def test_a_verified_release_has_all_traffic() -> None:
    verified = Situation(attempt("deployed", "verified"), {ONE: 100})
    assert at_once(verified) == SetWeights({TWO: 100})
    assert at_once(replace(verified, route={TWO: 100})) == SetWeights({TWO: 100})
    assert at_once(replace(verified, route={TWO: 100}, confirmed=True)) == Wait()


@pytest.mark.parametrize(
    "kinds",
    [
        ["rejected"],
        ["verified", "revoked-1"],
        ["superseded"],
        ["inconclusive-1", "inconclusive-2", "inconclusive-3"],
    ],
)
def test_what_is_over_moves_nothing(kinds: list[str]) -> None:
    assert at_once(Situation(attempt(*kinds), {TWO: 100}, confirmed=True)) == Wait()


@pytest.mark.parametrize(
    "now",
    [
        Situation(attempt(), {}, version(ONE), running={ONE}),
        replace(ANALYSING, verdicts=(verdict("pass"),)),
        Situation(attempt("verified"), {}),
    ],
)
def test_it_comes_to_an_end(now: Situation) -> None:
    """Doing what it asks for, and asking again, does not go round in circles."""
    for _ in range(2):
        action = at_once(now)
        if not isinstance(action, SetWeights):
            break
        now = replace(now, route=action.weights, confirmed=True)
    assert not isinstance(at_once(now), SetWeights)
