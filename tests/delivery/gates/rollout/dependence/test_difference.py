"""The difference of error rates, and how sure it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.rollout.dependence.difference import difference
from delivery.gates.rollout.observations.samples import EMPTY, concatenated
from tests.delivery.gates.rollout.traffic import Traffic


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_independent_requests_have_the_error_of_the_textbook() -> None:
    samples = Traffic(champion=0.02, candidate=0.03).requests(random(1), 20_000)
    found = difference(samples)
    own, failed = samples.candidate, samples.failed
    p, q = failed[own].mean(), failed[~own].mean()
    textbook = np.sqrt(p * (1 - p) / own.sum() + q * (1 - q) / (~own).sum())
    assert found.value == pytest.approx(p - q, abs=0.0002)
    assert found.error == pytest.approx(textbook, rel=0.25)
    assert found.candidate == (failed[own].sum(), own.sum())


def test_shares_and_base_rates_that_change_together_mislead_nobody() -> None:
    """Simpson's paradox: pooled, the candidate would look better by 3 points."""
    bad = Traffic(champion=0.08, candidate=0.08).requests(random(2), 10_000, 0.05)
    good = Traffic(champion=0.01, candidate=0.01).requests(
        random(3), 10_000, 0.5, step=1, began=2e9
    )
    samples = concatenated([bad, good])
    own, failed = samples.candidate, samples.failed
    assert failed[own].mean() - failed[~own].mean() < -0.025
    found = difference(samples)
    assert abs(found.value) < 3 * found.error < 0.015


def test_an_outage_of_both_makes_it_no_less_sure() -> None:
    calm = Traffic().requests(random(4), 20_000)
    outage = Traffic(outage=(300, 60)).requests(random(4), 20_000)
    assert difference(outage).error == pytest.approx(difference(calm).error, rel=0.3)


@pytest.mark.parametrize(("burst", "times"), [(2, 3), (5, 9)])
def test_bursts_make_it_less_sure_by_as_much_as_they_should(burst: float, times: float) -> None:
    found = [
        difference(Traffic(burst=burst, champion=0.01, candidate=0.01).requests(random(s), 20_000))
        for s in range(10)
    ]
    assert np.mean([each.dispersion for each in found]) == pytest.approx(times, rel=0.35)


def test_users_who_fail_unequally_make_it_less_sure() -> None:
    samples = Traffic(entities=300, heavy=True, own=0.1, champion=0.02, candidate=0.02).requests(
        random(5), 20_000
    )
    nobody = replace(samples, entity=np.full(len(samples), ""))
    assert difference(samples).dispersion > 3 * difference(nobody).dispersion


def test_no_errors_are_no_certainty() -> None:
    samples = Traffic(champion=0, candidate=0).requests(random(6), 4_000)
    found = difference(samples)
    assert found.value == 0
    assert found.upper(0.95) == pytest.approx(3 / found.candidate[1], rel=0.05)


def test_one_arm_is_no_difference() -> None:
    assert difference(EMPTY) is None
    assert difference(Traffic().requests(random(7), 100, 0.0)) is None


def test_all_failed_is_an_upper_bound_of_one() -> None:
    samples = Traffic(champion=0, candidate=1).requests(random(8), 200)
    assert difference(samples).upper(0.95) >= 1
