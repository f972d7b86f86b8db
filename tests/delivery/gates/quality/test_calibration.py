"""What is lost to calibration may not be more than the champion loses, plus a margin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality.calibration import Evidence, Policy, judge
from tests.delivery.gates.paired_data import exactly, paired

POLICY = Policy(margin=2**-6)  # a power of two: "at the margin" is exact
LOSS = 1.0


def losing(more: float, **shape: int) -> Evidence:
    """Every row loses `more` than the champion's, which loses 1."""
    return Evidence(exactly(more, **shape), LOSS)


@pytest.mark.parametrize(("beyond", "status"), [(-1e-6, "pass"), (0.0, "pass"), (1e-6, "fail")])
def test_the_bound_may_reach_the_margin_but_not_pass_it(beyond: float, status: str) -> None:
    assert judge(losing(2**-6 + beyond), POLICY).status == status


def test_the_margin_is_a_share_of_the_loss() -> None:
    assert judge(replace(losing(0.02), loss=1.0), POLICY).status == "fail"
    assert judge(replace(losing(0.02), loss=2.0), POLICY).status == "pass"


def test_only_proven_harm_refuses() -> None:
    """The mean is beyond the margin, the bound is not."""
    doubtful = paired(0.02, spread=0.1)
    assert (doubtful.candidate - doubtful.reference).mean() > 2**-6
    assert judge(Evidence(doubtful, LOSS), POLICY).status == "pass"


def test_a_first_release_passes_with_what_was_measured() -> None:
    verdict = judge(replace(losing(5.0), first=True), POLICY)
    assert verdict.status == "pass"
    assert "6.0000" in verdict.measured
    assert "no champion" in verdict.why


def test_missing_scores_hold_and_say_why() -> None:
    assert judge(Evidence(None, missing="no scores"), POLICY).why == "no scores"
    assert judge(Evidence(None, missing="none", first=True), POLICY).status == "hold"


@pytest.mark.parametrize("side", ["candidate", "reference"])
def test_nan_of_either_side_holds(side: str) -> None:
    gains = exactly(-0.1)
    changed: PairedLosses = replace(gains, **{side: getattr(gains, side) * np.nan})
    assert judge(Evidence(changed, LOSS), POLICY).status == "hold"


@pytest.mark.parametrize("shape", [{"rows": POLICY.minimum_rows - 1}, {"clusters": 9}])
def test_too_few_rows_or_clusters_hold(shape: dict[str, int]) -> None:
    assert judge(losing(0.0, **shape), POLICY).status == "hold"
    enough = {"rows": POLICY.minimum_rows, "clusters": POLICY.minimum_clusters}
    assert judge(losing(0.0, **enough), POLICY).status == "pass"
