"""A candidate must not be worse than the champion, and the exam must be fair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from delivery.gates.quality.champion import Evidence, Policy, judge
from delivery.gates.verdict import Verdict
from tests.delivery.gates.paired_data import exactly, paired

POLICY = Policy()
LEAST = POLICY.minimum_rows
BETTER = Evidence(exactly(-0.05))


@pytest.mark.parametrize(("beyond", "status"), [(-1e-6, "pass"), (0.0, "pass"), (1e-6, "fail")])
def test_the_bound_may_reach_the_margin_but_not_pass_it(beyond: float, status: str) -> None:
    # A power of two, so that "at the margin" is exact in floating point.
    policy = Policy(margin=2**-6)
    assert judge(Evidence(exactly(2**-6 + beyond)), policy).status == status


def test_rows_that_cannot_tell_hold() -> None:
    verdict = judge(Evidence(paired(0.001, spread=0.05)), POLICY)
    assert verdict.status == "hold"
    assert "too few rows to tell" in verdict.why
    assert "--override champion --reason" in verdict.why


@pytest.mark.parametrize(("relative", "said"), [(-0.05, "is shown"), (0.0, "is not shown")])
def test_it_always_says_whether_superiority_was_shown(relative: float, said: str) -> None:
    verdict = judge(Evidence(exactly(relative)), POLICY)
    assert verdict.status == "pass"
    assert f"superiority {said}" in verdict.why
    assert verdict.details["superior"] is (said == "is shown")


def test_a_change_that_is_no_retrain_needs_superiority_or_a_reason() -> None:
    change = Evidence(exactly(0.0), retrain=False)
    assert judge(change, POLICY).status == "hold"
    given = judge(replace(change, reason="cheaper features"), POLICY)
    assert given.status == "pass"
    assert "cheaper features" in given.why
    assert judge(replace(BETTER, retrain=False), POLICY).status == "pass"


def test_a_reason_does_not_excuse_harm() -> None:
    assert judge(Evidence(exactly(0.5), retrain=False, reason="please"), POLICY).status == "fail"


@pytest.mark.parametrize(
    ("until", "first", "status"),
    [
        ("2013-06-30", "2013-07-01T00:00:00", "pass"),
        ("2013-07-01", "2013-07-01T05:00:00", "hold"),
        ("2013-07-02", "2013-07-01T05:00:00", "hold"),
        ("2013-07-01T04:59:00", "2013-07-01T05:00:00", "pass"),
        ("2013-07-01T05:00:00", "2013-07-01T05:00:00+00:00", "hold"),
        ("someday", "2013-07-01T05:00:00", "hold"),
        (None, "2013-07-01T05:00:00", "pass"),
        ("2013-07-01", None, "pass"),
    ],
)
def test_a_champion_that_saw_the_holdout_holds(
    until: str | None, first: str | None, status: str
) -> None:
    evidence = replace(BETTER, trained_until=until, holdout_from=first)
    assert judge(evidence, POLICY).status == status


def test_an_exam_that_the_candidate_set_itself_holds_even_if_it_would_fail() -> None:
    evidence = Evidence(exactly(0.5), conflicts=("column late of 1 rows differs",))
    verdict = judge(evidence, POLICY)
    assert verdict.status == "hold"
    assert "column late of 1 rows differs" in verdict.why


def with_slices(rows: int, harm: float) -> Verdict:
    """The candidate is far better overall, and worse by `harm` in segment a of `rows` rows."""
    losses = paired(-0.05, clusters=40, rows=250, spread=0.005)
    values = np.array(["b"] * len(losses.candidate))
    values[np.random.default_rng(1).permutation(len(values))[:rows]] = "a"
    worse = values == "a"
    losses.candidate[worse] += 0.05 + harm
    return judge(Evidence(losses, segments={"carrier": values}), POLICY)


@pytest.mark.parametrize(("rows", "status"), [(999, "pass"), (1000, "fail"), (1001, "fail")])
def test_a_slice_refuses_proven_harm_from_a_thousand_rows_on(rows: int, status: str) -> None:
    verdict = with_slices(rows, harm=0.2)
    assert verdict.status == status
    if status == "fail":
        assert "carrier = a" in verdict.why


def test_harm_within_the_slice_margin_passes() -> None:
    assert with_slices(2000, harm=0.001).status == "pass"


def test_small_slices_are_shown_without_a_p_value() -> None:
    table = {part["value"]: part for part in with_slices(500, harm=0.2).details["slices"]}
    assert table["a"]["p"] is None
    assert table["a"]["lower"] is not None
    assert table["b"]["p"] is not None


@pytest.mark.parametrize("side", ["candidate", "reference"])
def test_nan_of_either_side_holds(side: str) -> None:
    losses = exactly(-0.1)
    getattr(losses, side)[0] = np.nan
    assert judge(Evidence(losses), POLICY).status == "hold"


@pytest.mark.parametrize("shape", [{"rows": LEAST - 1}, {"clusters": 9}])
def test_too_few_rows_or_clusters_hold(shape: dict[str, Any]) -> None:
    assert judge(Evidence(exactly(-0.1, **shape)), POLICY).status == "hold"
    assert judge(Evidence(exactly(-0.1, rows=LEAST, clusters=10)), POLICY).status == "pass"


def test_missing_scores_hold_and_say_why() -> None:
    assert judge(Evidence(None, "field origin is ZZZ"), POLICY).why == "field origin is ZZZ"


def test_a_perfect_champion_divides_nothing_by_zero() -> None:
    losses = exactly(0.0)
    losses.reference[:] = 0
    assert judge(Evidence(losses), POLICY).status == "fail"
    losses.candidate[:] = 0
    assert judge(Evidence(losses), POLICY).status == "pass"


def refused(effect: float, times: int = 120) -> float:
    """The share of candidates, worse by `effect` in truth, that do not pass."""
    carriers = np.random.default_rng(9).choice(list("abcde"), 30 * 200)
    verdicts = [
        judge(Evidence(paired(effect, seed=seed, spread=0.006), segments={"c": carriers}), POLICY)
        for seed in range(times)
    ]
    return float(np.mean([verdict.status != "pass" for verdict in verdicts]))


def test_equal_models_are_refused_in_less_than_one_case_in_twenty() -> None:
    assert refused(0.0) < 0.05


def test_clearly_worse_models_are_refused_in_nearly_every_case() -> None:
    # Twice the margin: 4% of a mean loss of 0.5.
    assert refused(0.02) > 0.95
