from __future__ import annotations

import math

import pytest

from delivery.gates.rollout.pace import earliest, plan

SHARES = (0.05, 0.25, 0.5)


@pytest.mark.parametrize("rate", [1.0, 10.0, 1_000.0])
def test_enough_traffic_gets_the_steps_as_they_are(rate: float) -> None:
    assert plan(rate, SHARES).shares == SHARES
    assert not plan(rate, SHARES).shadow


@pytest.mark.parametrize("rate", [0.0, 0.99, math.nan])
def test_little_traffic_gets_a_shadow_first_and_two_steps(rate: float) -> None:
    assert plan(rate, SHARES).shadow
    assert plan(rate, SHARES).shares == (0.10, 0.50)


def test_no_step_is_larger_than_what_was_asked_for() -> None:
    assert plan(0.1, (0.05, 0.2)).shares == (0.10,)


def test_a_step_of_five_percent_at_one_request_a_second_takes_hours() -> None:
    assert earliest(3_410, 1.0, 0.05) == pytest.approx(19 * 3600, rel=0.01)


def test_nothing_more_is_needed_now() -> None:
    assert earliest(0, 0.0, 0.0) == 0


@pytest.mark.parametrize(("rate", "share"), [(0.0, 0.5), (10.0, 0.0), (math.nan, 0.5)])
def test_without_traffic_a_decision_never_comes(rate: float, share: float) -> None:
    assert earliest(10, rate, share) is None
