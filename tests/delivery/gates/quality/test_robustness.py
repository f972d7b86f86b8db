"""Disturbed inputs may cost so much and no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.numbers.paired import PairedLosses, compare
from delivery.gates.quality.robustness import Evidence, Policy, judge
from tests.delivery.gates.paired_data import paired

POLICY = Policy(margin=2**-6, limit=2**-2)  # powers of two: "at the limit" is exact


def falls(candidate: float, champion: float, rows: int = 400, clusters: int = 20) -> PairedLosses:
    """Every row's loss rises by the same."""
    codes = np.arange(rows) % clusters
    return PairedLosses("loss", np.full(rows, candidate), np.full(rows, champion), codes)


def under_noise(candidate: float, champion: float = 0.0, **shape: int) -> Evidence:
    """Losses of 1 before."""
    return Evidence({"noise": falls(candidate, champion, **shape)}, loss=1.0)


@pytest.mark.parametrize(("beyond", "status"), [(-1e-6, "pass"), (0.0, "pass"), (1e-6, "fail")])
def test_it_may_fall_by_the_margin_more_than_the_champion(beyond: float, status: str) -> None:
    verdict = judge(under_noise(0.5 + 2**-6 + beyond, 0.5), POLICY)
    assert verdict.status == status
    assert ("noise" in verdict.why) == (status == "fail")


@pytest.mark.parametrize(("beyond", "status"), [(-1e-6, "pass"), (0.0, "pass"), (1e-6, "fail")])
def test_a_first_release_may_fall_by_the_limit(beyond: float, status: str) -> None:
    evidence = replace(under_noise(2**-2 + beyond), first=True)
    assert judge(evidence, POLICY).status == status


@pytest.mark.parametrize(("lead", "status"), [(0.0, "fail"), (0.49, "fail"), (0.51, "pass")])
def test_a_model_that_stays_better_than_the_champion_has_lost_nothing(
    lead: float, status: str
) -> None:
    assert judge(replace(under_noise(0.5), lead=lead), POLICY).status == status


def test_a_lead_counts_against_what_was_measured_and_not_what_is_proven() -> None:
    noisy = paired(0.5, spread=0.1)
    comparison = compare(noisy)
    assert comparison.difference - comparison.lower > 0.01
    between = (comparison.lower + comparison.difference) / 2
    statuses = [
        judge(Evidence({"noise": noisy}, loss=1.0, lead=lead), POLICY).status
        for lead in (between, comparison.difference)
    ]
    assert statuses == ["fail", "pass"]


def test_one_disturbance_too_many_refuses_and_is_named() -> None:
    both = {"noise": falls(0.0, 0.0), "missing": falls(0.5, 0.0)}
    verdict = judge(Evidence(both, loss=1.0), POLICY)
    assert verdict.status == "fail"
    assert "fragile under missing" in verdict.why


def test_what_decides_is_shown_and_named() -> None:
    """The mean alone may be above the limit of a verdict that passes."""
    doubtful = paired(0.02, spread=0.1)
    verdict = judge(Evidence({"missing": doubtful}, loss=1.0), POLICY)
    bound = verdict.details["falls"]["missing"]["lower"]
    assert verdict.measured.startswith("missing values: loss ")
    assert f"bound {bound:+.1%}" in verdict.measured
    assert "bound" in verdict.required


def test_a_lead_that_decides_is_named() -> None:
    verdict = judge(replace(under_noise(0.5), lead=0.51), POLICY)
    assert "stays below the champion's" in verdict.why


def test_only_proven_fragility_refuses() -> None:
    doubtful = paired(0.02, spread=0.1)
    assert (doubtful.candidate - doubtful.reference).mean() > 2**-6
    assert judge(Evidence({"noise": doubtful}, loss=1.0), POLICY).status == "pass"


def test_a_model_without_inputs_to_disturb_passes_and_says_so() -> None:
    verdict = judge(Evidence({}, loss=1.0), POLICY)
    assert (verdict.status, verdict.why) == ("pass", "there is no input to disturb")


def test_missing_answers_hold_and_say_why() -> None:
    assert judge(Evidence(None, missing="refused"), POLICY).why == "refused"


def test_nan_holds() -> None:
    assert judge(under_noise(np.nan), POLICY).status == "hold"


@pytest.mark.parametrize("shape", [{"rows": POLICY.minimum_rows - 1}, {"clusters": 9}])
def test_too_few_rows_or_clusters_hold(shape: dict[str, int]) -> None:
    assert judge(under_noise(0.0, **shape), POLICY).status == "hold"
    enough = {"rows": POLICY.minimum_rows, "clusters": POLICY.minimum_clusters}
    assert judge(under_noise(0.0, **enough), POLICY).status == "pass"


@pytest.mark.parametrize("first", [True, False])
def test_only_where_there_is_a_champion_is_it_spoken_of(first: bool) -> None:
    verdict = judge(replace(under_noise(0.1, 0.1), first=first), POLICY)
    for text in (verdict.measured, verdict.required):
        assert ("champion" in text) is not first
