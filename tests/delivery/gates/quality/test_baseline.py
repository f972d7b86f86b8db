"""A first release must beat a dummy."""

from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality.baseline import Evidence, Policy, judge
from tests.delivery.gates.paired_data import exactly, paired

GAIN = Policy(gain=0.05)
LEAST = Policy().minimum_rows


@pytest.mark.parametrize(
    ("relative", "status"), [(-0.0501, "pass"), (-0.05, "fail"), (-0.0499, "fail")]
)
def test_the_gain_is_needed_in_full(relative: float, status: str) -> None:
    assert judge(Evidence(exactly(relative)), GAIN).status == status


def test_a_model_equal_to_the_dummy_fails() -> None:
    assert judge(Evidence(exactly(0.0)), Policy()).status == "fail"


def test_better_but_not_proven_holds() -> None:
    verdict = judge(Evidence(paired(-0.004, spread=0.05, seed=0)), Policy())
    assert verdict.status == "hold"
    assert "too small to prove" in verdict.why


def test_no_scores_hold_and_say_why() -> None:
    verdict = judge(Evidence(None, "the model refuses row 3"), Policy())
    assert (verdict.status, verdict.why) == ("hold", "the model refuses row 3")
    assert judge(Evidence(None), Policy()).status == "hold"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_not_finite_hold(value: float) -> None:
    losses = exactly(-0.5)
    losses.candidate[7] = value
    verdict = judge(Evidence(losses), Policy())
    assert verdict.status == "hold"
    assert "1 rows have no finite log loss of the candidate" in verdict.why


@pytest.mark.parametrize(
    ("rows", "status"), [(LEAST - 1, "hold"), (LEAST, "pass"), (LEAST + 1, "pass")]
)
def test_too_few_rows_hold(rows: int, status: str) -> None:
    assert judge(Evidence(exactly(-0.5, rows=rows)), Policy()).status == status


@pytest.mark.parametrize(("clusters", "status"), [(9, "hold"), (10, "pass")])
def test_too_few_clusters_hold(clusters: int, status: str) -> None:
    assert judge(Evidence(exactly(-0.5, clusters=clusters)), Policy()).status == status


def test_no_row_at_all_holds() -> None:
    nothing = np.array([])
    losses = PairedLosses("log loss", nothing, nothing, nothing.astype(np.int64))
    assert judge(Evidence(losses), Policy()).status == "hold"
