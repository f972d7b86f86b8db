"""Do two releases give the same answers to the same files?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.quality.agreement import Evidence, Policy, judge
from tests.delivery.gates.rollout.test_shadow import SIZE, made

POLICY = Policy()


def test_releases_that_agree_pass() -> None:
    verdict = judge(Evidence(made()), POLICY)
    assert (verdict.gate, verdict.status) == ("agreement", "pass")
    assert verdict.details["shift"] < 0.01


def test_nothing_scored_is_held_with_the_reason() -> None:
    verdict = judge(Evidence(None, "s3://there: access is refused"), POLICY)
    assert (verdict.gate, verdict.status) == ("agreement", "hold")
    assert verdict.why == "s3://there: access is refused"


def test_rows_that_fail_with_the_candidate_alone_fail_it() -> None:
    verdict = judge(Evidence(made(failing=0.05)), POLICY)
    assert (verdict.gate, verdict.status) == ("agreement", "fail")


def test_answers_change_by_as_much_as_the_holdout_has_shown() -> None:
    other = made(worse=2.0)
    assert judge(Evidence(other), POLICY).status == "hold", "nobody knows how many had to change"
    assert judge(Evidence(replace(other, expected_flips=0.01)), POLICY).status == "fail"


@pytest.mark.parametrize(("limit", "expected"), [(1.01, "pass"), (0.99, "hold")])
def test_scores_that_moved_are_held_where_no_answer_changed(limit: float, expected: str) -> None:
    """Scores closer to the threshold, on the same side of it."""
    pairs = made(noise=0.0)
    moved = replace(pairs, candidate=0.5 + (pairs.champion - 0.5) / 3)
    shift = judge(Evidence(moved), Policy(shift=100)).details["shift"]
    assert shift > 0.2
    verdict = judge(Evidence(moved), Policy(shift=limit * shift))
    assert verdict.status == expected
    assert f"{shift:.3f}" in verdict.measured


def test_of_several_classes_the_one_that_moved_farthest_counts() -> None:
    random = np.random.default_rng(0)
    scores = random.dirichlet((2, 2, 2), SIZE)
    swapped = scores.copy()
    swapped[:, 1] *= 0.5
    known = {"task": "multiclass", "threshold": None, "own_threshold": None, "expected_flips": 1.0}
    verdict = judge(Evidence(made(champion=scores, candidate=swapped, **known)), POLICY)
    assert verdict.status == "hold"
    assert verdict.details["shift"] > 0.2
