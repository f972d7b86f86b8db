"""Intervals hold what they promise on clustered data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from delivery.gates.numbers.bootstrap import (
    NORMAL,
    holm,
    resample,
    student_quantile,
    student_tail,
)


def clustered(seed: int, clusters: int = 30, rows: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Rows of one cluster share an effect; the true mean is 0."""
    random = np.random.default_rng(seed)
    effects = np.repeat(random.normal(0, 1, clusters), rows)
    return effects + random.normal(0, 1, clusters * rows), np.repeat(np.arange(clusters), rows)


@pytest.mark.parametrize("dof", [5, 10, 29, 200])
@pytest.mark.parametrize("t", [-2.5, 0.0, 0.7, 1.7, 3.0])
def test_student_tail_agrees_with_scipy_and_its_inverse(t: float, dof: int) -> None:
    assert student_tail(t, dof) == pytest.approx(stats.t.sf(t, dof), abs=1e-12)
    assert student_quantile(1 - student_tail(t, dof), dof) == pytest.approx(t, abs=1e-6)


@pytest.mark.parametrize("clusters", [12, 30])
def test_bounds_cover_the_mean_as_often_as_promised_with_few_clusters(clusters: int) -> None:
    bounds = [
        resample(*clustered(seed, clusters), seed=1, draws=1000).upper(0.95) for seed in range(400)
    ]
    assert np.mean(np.array(bounds) >= 0) == pytest.approx(0.95, abs=0.03)


def test_ignoring_clusters_covers_far_too_rarely() -> None:
    values = [clustered(seed)[0] for seed in range(60)]
    rows = np.arange(len(values[0]))
    bounds = [resample(value, rows, seed=1, draws=500).upper(0.95) for value in values]
    assert np.mean(np.array(bounds) >= 0) < 0.8


def test_many_clusters_give_the_textbook_error() -> None:
    values = np.random.default_rng(0).normal(0, 2, 10_000)
    result = resample(values, np.arange(10_000), seed=1)
    error = (result.upper(0.95) - result.mean) / 1.645
    assert error == pytest.approx(values.std() / 100, rel=0.03)


def test_drawing_and_the_normal_limit_agree() -> None:
    values, clusters = clustered(3, clusters=495, rows=9)
    more, more_clusters = clustered(3, clusters=505, rows=9)
    drawn = resample(values, clusters, seed=1)
    limit = resample(more, more_clusters, seed=1)
    assert drawn.draws.std() == pytest.approx(limit.draws.std(), rel=0.05)


def test_the_same_seed_gives_the_same_bounds() -> None:
    values, clusters = clustered(0)
    first, again = (resample(values, clusters, seed=7) for _ in range(2))
    assert first.upper(0.95) == again.upper(0.95)


def test_the_p_value_is_the_level_at_which_the_bound_reaches_the_limit() -> None:
    result = resample(*clustered(4), seed=1)
    limit = result.lower(0.99)
    assert result.p_above(limit) == pytest.approx(0.01, abs=0.003)


@pytest.mark.parametrize(("limit", "p"), [(0.5, 0.0), (1.0, 1.0), (1.5, 1.0)])
def test_a_mean_that_does_not_vary_is_above_its_limit_or_is_not(limit: float, p: float) -> None:
    assert resample(np.ones(6), np.arange(6) % 3, seed=1).p_above(limit) == p


def test_two_clusters_have_an_interval() -> None:
    result = resample(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0, 1, 0, 1]), seed=1)
    assert result.clusters == 2
    assert result.mean == 0.5
    assert set(result.draws) == {0.0, 0.5, 1.0}


def test_one_cluster_has_no_interval() -> None:
    with pytest.raises(ValueError, match="two clusters"):
        resample(np.ones(5), np.zeros(5, dtype=np.int64), seed=1)


def test_holm_multiplies_the_smallest_by_the_number_of_looks() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_few_clusters_widen_the_interval_as_much_as_students_t() -> None:
    """Five clusters: the percentile interval alone would be a third too narrow."""
    means = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    result = resample(np.repeat(means, 4), np.repeat(np.arange(5), 4), seed=1)
    error = math.sqrt(means.var() / 5) * math.sqrt(5 / 4)
    limit = result.mean - 2 * error
    assert result.p_above(limit) == pytest.approx(student_tail(2, 4), rel=0.03)
    level = NORMAL.cdf(student_quantile(0.95, 4) * math.sqrt(5 / 4))
    assert level > 0.99
    assert result.upper(0.95) == np.quantile(result.draws, level)


def test_a_mean_of_unequal_clusters_varies_as_a_plain_bootstrap_says() -> None:
    random = np.random.default_rng(0)
    sizes = np.array([1, 1, 2, 5, 10, 50, 100, 200])
    clusters = np.repeat(np.arange(8), sizes)
    values = np.repeat(random.normal(0, 1, 8), sizes)
    found = resample(values, clusters, seed=1).draws
    parts = [values[clusters == cluster] for cluster in range(8)]
    drawn = (random.integers(0, 8, 8) for _ in range(5000))
    plain = [np.concatenate([parts[i] for i in picked]).mean() for picked in drawn]
    for level in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert np.quantile(found, level) == pytest.approx(np.quantile(plain, level), abs=0.05)
