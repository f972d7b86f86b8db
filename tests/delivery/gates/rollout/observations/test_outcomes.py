"""Outcomes, and what is known about users beforehand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from delivery.gates.rollout.observations.outcomes import DAY, Outcomes, adjusted
from tests.delivery.gates.numbers import oracles


def some() -> Outcomes:
    arm, value, before = oracles.users()
    return Outcomes(np.arange(float(len(arm))), arm, value, before)


def effect(outcomes: Outcomes) -> tuple[float, float]:
    """Difference of means and its standard error."""
    one, two = (outcomes.value[outcomes.arm == arm] for arm in (0, 1))
    error = np.sqrt(one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two))
    return float(two.mean() - one.mean()), float(error)


def test_what_is_known_beforehand_is_taken_out_as_tea_tasting_does_it() -> None:
    kept = json.loads((Path(oracles.__file__).parent / "oracles.json").read_text())["cuped"]
    value, error = effect(adjusted(some(), 4_000, None))
    assert value == pytest.approx(kept[0], abs=0.02 * error)
    assert 2 * 1.959964 * error == pytest.approx(kept[2] - kept[1], rel=0.002)


def test_it_makes_the_difference_surer() -> None:
    assert effect(adjusted(some(), 1_000, None))[1] < 0.5 * effect(some())[1]


def test_users_nobody_knew_before_keep_their_outcome() -> None:
    outcomes = some()
    unknown = np.where(np.arange(4_000) % 2 == 0, np.nan, outcomes.before)
    clean = adjusted(replace(outcomes, before=unknown), 1_000, None)
    np.testing.assert_array_equal(clean.value[::2], outcomes.value[::2])
    assert not np.allclose(clean.value[1::2], outcomes.value[1::2])


def test_without_anything_beforehand_nothing_changes() -> None:
    outcomes = replace(some(), before=None)
    np.testing.assert_array_equal(adjusted(outcomes, 100, None).value, outcomes.value)
    flat = replace(some(), before=np.ones(4_000))
    np.testing.assert_array_equal(adjusted(flat, 100, None).value, flat.value)


def test_outcomes_are_cut_off_at_their_bounds_and_unknown_ones_stay_unknown() -> None:
    outcomes = replace(some(), before=None, value=np.array([np.nan, 9.0, -9.0, *[1.0] * 3_997]))
    clean = adjusted(outcomes, 100, (0.0, 5.0)).value
    assert np.isnan(clean[0])
    assert clean[1:3].tolist() == [5.0, 0.0]


def test_days_count_from_the_beginning_to_the_newest_outcome() -> None:
    outcomes = replace(some(), at=np.linspace(DAY, 15 * DAY, 4_000), began=DAY)
    assert outcomes.days == 14
    assert len(outcomes.until(7)[0]) == 2_000
    assert Outcomes(np.empty(0), np.empty(0, int), np.empty(0)).days == 0


@pytest.mark.parametrize(
    "wrong", [{"value": np.zeros(1)}, {"before": np.zeros(1)}, {"guardrails": {"x": np.zeros(1)}}]
)
def test_columns_of_different_lengths_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="one length"):
        replace(some(), **wrong)


def test_an_arm_without_a_share_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 0"):
        replace(some(), shares=(1.0,))
