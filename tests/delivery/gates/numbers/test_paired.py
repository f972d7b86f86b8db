"""Two models on the same rows: bounds at 95%, the same wherever they are computed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.numbers.paired import (
    LEVEL,
    Comparison,
    PairedLosses,
    compare,
    shortcomings,
)
from tests.delivery.gates.paired_data import exactly, paired

EQUAL = Comparison(100, 10, 0.5, 0.5, 0.0, -0.1, 0.1)


def test_bounds_are_at_95_percent_and_the_same_everywhere() -> None:
    """Numbers of records that exist: another level, seed or count of draws gives others."""
    assert LEVEL == 0.95
    found = compare(paired(0.01))
    assert found.lower == pytest.approx(0.002359775302357718, abs=1e-12)
    assert found.upper == pytest.approx(0.019799964990685783, abs=1e-12)


def test_bounds_are_those_of_a_plain_bootstrap_over_clusters_of_any_size() -> None:
    """Large clusters weigh more: the mean is that of rows, not of clusters."""
    random = np.random.default_rng(4)
    sizes = random.integers(1, 200, 40)
    clusters = np.repeat(np.arange(40), sizes)
    own = np.repeat(random.normal(0, 0.1, 40) + sizes / 1000, sizes)
    difference = own + random.normal(0, 0.05, len(own))
    found = compare(PairedLosses("l", difference + 1, np.ones(len(own)), clusters))
    assert found.difference == pytest.approx(difference.mean())
    parts = [difference[clusters == cluster] for cluster in range(40)]
    drawn = (random.integers(0, 40, 40) for _ in range(4000))
    means = [np.concatenate([parts[i] for i in picked]).mean() for picked in drawn]
    width = np.std(means) * 1.685 * math.sqrt(40 / 39)  # Student's t of 39 degrees
    assert found.upper - found.difference == pytest.approx(width, rel=0.08)
    assert found.difference - found.lower == pytest.approx(width, rel=0.08)


def test_a_comparison_has_what_both_lost_and_is_json() -> None:
    losses = exactly(0.25, rows=40, clusters=4)
    found = compare(losses)
    assert (found.rows, found.clusters, found.candidate, found.reference) == (40, 4, 1.25, 1.0)
    assert found.difference == found.lower == found.upper == 0.25
    assert Comparison(**found.to_json()) == found


@pytest.mark.parametrize(
    ("lower", "upper", "superior", "inferior"),
    [
        (-0.2, -0.1, True, False),
        (-0.1, 0.1, False, False),
        (0.1, 0.2, False, True),
        (-0.1, 0.0, False, False),
        (0.0, 0.1, False, False),
    ],
)
def test_a_difference_is_proven_where_its_bound_is_beyond_zero(
    lower: float, upper: float, superior: bool, inferior: bool
) -> None:
    found = replace(EQUAL, lower=lower, upper=upper)
    assert (found.superior, found.inferior) == (superior, inferior)


def test_a_share_is_of_the_references_loss() -> None:
    assert EQUAL.relative(0.1) == pytest.approx(0.2)
    perfect = replace(EQUAL, reference=0.0)
    assert [perfect.relative(x) for x in (0.1, 0.0, -0.1)] == [math.inf, 0.0, -math.inf]


MINIMUM = {"rows": 1_000, "clusters": 20}


def test_enough_rows_and_clusters_are_enough() -> None:
    assert shortcomings(exactly(0.0), "", MINIMUM) == ()


@pytest.mark.parametrize(
    ("losses", "problem"),
    [
        (exactly(0.0, rows=999), "999 rows in the holdout, at least 1000 are needed"),
        (exactly(0.0, clusters=19), "19 clusters in the holdout, at least 20 are needed"),
    ],
)
def test_what_is_too_little_is_counted(losses: PairedLosses, problem: str) -> None:
    assert shortcomings(losses, "", MINIMUM) == (problem,)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["candidate", "reference"])
def test_a_loss_that_is_no_number_is_named_by_its_side(side: str, value: float) -> None:
    losses = exactly(0.0)
    getattr(losses, side)[3] = value
    (problem,) = shortcomings(losses, "", MINIMUM)
    assert problem == f"1 rows have no finite log loss of the {side}"


def test_scores_that_are_not_there_say_why() -> None:
    assert shortcomings(None, "the bento did not start", MINIMUM) == ("the bento did not start",)
    assert shortcomings(None, "", MINIMUM) == ("there are no scores",)
