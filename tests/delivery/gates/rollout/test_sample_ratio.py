"""Does the router send the share that it was told to?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.rollout.decision import needed
from delivery.gates.rollout.observations.samples import EMPTY, Samples, concatenated
from delivery.gates.rollout.sample_ratio import Policy, judge, judge_counts
from tests.delivery.gates.rollout.traffic import Traffic

POLICY = Policy()


def sent(seed: int, size: int, share: float, wanted: float, **more: object) -> Samples:
    samples = Traffic(**more).requests(np.random.default_rng([seed, 19]), size, share)
    return replace(samples, share=np.full(size, wanted))


def test_no_traffic_is_no_pass() -> None:
    assert needed(judge(EMPTY, POLICY)) == 1


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_the_wanted_split_passes_at_every_look(share: float) -> None:
    samples = sent(1, 20_000, share, share)
    assert {judge(samples[:size], POLICY).status for size in range(500, 20_001, 1_500)} == {"pass"}


def test_another_split_holds_and_is_no_matter_of_patience() -> None:
    verdict = judge(sent(2, 30_000, 0.48, 0.5), POLICY)
    assert (verdict.status, needed(verdict)) == ("hold", None)
    assert "look at the route" in verdict.why


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_heavy_users_are_counted_once(share: float) -> None:
    held = [
        judge(sent(seed, 5_000, share, share, entities=500, heavy=True), POLICY).status
        for seed in range(10)
    ]
    assert held.count("hold") == 0


def test_a_share_that_changes_is_counted_against_the_one_in_force() -> None:
    parts = [
        Traffic().requests(np.random.default_rng(n), 6_000, share, step=n, began=1e9 + 1e4 * n)
        for n, share in enumerate((0.05, 0.25, 0.5))
    ]
    assert judge(concatenated(parts), POLICY).status == "pass"
    wrong = [*parts[:2], replace(parts[2], share=np.full(6_000, 0.25))]
    assert judge(concatenated(wrong), POLICY).status == "hold"


def test_traffic_at_a_share_of_nothing_is_a_fault() -> None:
    assert judge(sent(3, 100, 0.05, 0.0), POLICY).status == "hold"


def test_arms_with_fixed_shares_are_judged_by_their_counts() -> None:
    assert judge_counts([5_050, 2_480, 2_470], [0.5, 0.25, 0.25], POLICY).status == "pass"
    assert judge_counts([5_400, 2_480, 2_120], [0.5, 0.25, 0.25], POLICY).status == "hold"


@pytest.mark.parametrize("shares", [[1.0], [0.5, 0.0]])
def test_arms_without_a_share_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="share above 0"):
        judge_counts([1, 2], shares, POLICY)
