from __future__ import annotations

import math

import pytest

from delivery.gates.rollout.pace import earliest


def test_a_step_of_five_percent_at_one_request_a_second_takes_hours() -> None:
    assert earliest(3_410, 1.0, 0.05) == pytest.approx(19 * 3600, rel=0.01)


def test_nothing_more_is_needed_now() -> None:
    assert earliest(0, 0.0, 0.0) == 0


@pytest.mark.parametrize(("rate", "share"), [(0.0, 0.5), (10.0, 0.0), (math.nan, 0.5)])
def test_without_traffic_a_decision_never_comes(rate: float, share: float) -> None:
    assert earliest(10, rate, share) is None
