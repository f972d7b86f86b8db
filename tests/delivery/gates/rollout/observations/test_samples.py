from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout.observations.samples import EMPTY, Samples, concatenated


def some(at: list[float], candidate: list[bool] | None = None, step: int = 0) -> Samples:
    size = len(at)
    return Samples(
        at=at,
        step=[step] * size,
        candidate=candidate or [False] * size,
        share=[0.05] * size,
        entity=[""] * size,
        cause=["502" if place % 2 else "" for place in range(size)],
        seconds=[0.01] * size,
        rows=[1] * size,
    )


def test_columns_get_their_types_whatever_they_came_as() -> None:
    samples = some([1, 2])
    assert samples.at.dtype == np.float64
    assert samples.candidate.dtype == np.bool_
    assert samples.failed.tolist() == [False, True]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        Samples([1.0], [0, 0], [True], [0.5], [""], [""], [0.1], [1])


@pytest.mark.parametrize("at", [[2.0, 1.0], [1.0, float("nan")]])
def test_times_that_are_no_order_are_refused(at: list[float]) -> None:
    with pytest.raises(ValueError, match="order"):
        some(at)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        Samples([1.0], [0], [True], [share], [""], [""], [0.1], [1])


def test_logs_of_two_routers_become_one_in_the_order_of_time() -> None:
    one, two = some([1, 4], step=1), some([2, 3], step=2)
    both = concatenated([one, two])
    assert both.at.tolist() == [1, 2, 3, 4]
    assert both.step.tolist() == [1, 2, 2, 1]
    assert both.of_step(2).at.tolist() == [2, 3]


def test_what_was_lost_stays_known() -> None:
    part = Samples([1.0], [0], [True], [0.5], [""], [""], [0.1], [1], lost=3)
    assert concatenated([part, part])[:1].lost == 6


def test_no_logs_are_no_samples() -> None:
    assert len(concatenated([])) == len(EMPTY) == len(concatenated([EMPTY, EMPTY])) == 0


def test_the_warm_up_ends_by_the_candidates_count_and_takes_both_arms() -> None:
    samples = some([1, 2, 3, 4, 5], [True, False, True, False, True])
    assert samples.after_warm_up(2).at.tolist() == [5]
    assert samples.after_warm_up(1).at.tolist() == [3, 4, 5]
    assert len(samples.after_warm_up(0)) == 5
    assert len(samples.after_warm_up(3)) == 0
