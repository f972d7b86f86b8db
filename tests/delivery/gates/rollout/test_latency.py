"""Is the candidate slower? The answers, and how often they are wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.rollout.decision import needed
from delivery.gates.rollout.latency import Policy, compare, judge
from delivery.gates.rollout.observations.samples import EMPTY, Samples, concatenated
from tests.delivery.gates.rollout.traffic import Traffic

POLICY = Policy()
CALM = Traffic(champion=0, candidate=0)
TOLERANCES = {0.95: 0.10, 0.99: 0.20}


def some(traffic: Traffic, size: int, share: float = 0.5, seed: int = 0) -> Samples:
    return traffic.requests(np.random.default_rng([seed, 18]), size, share)


def statuses(traffic: Traffic, size: int, runs: int, share: float = 0.5) -> list[str]:
    return [judge(some(traffic, size, share, seed), POLICY).status for seed in range(runs)]


@pytest.mark.parametrize("samples", [EMPTY, some(CALM, 500, 0.0), some(CALM, 500, 1.0)])
def test_without_both_arms_there_is_no_comparison(samples: Samples) -> None:
    assert needed(judge(samples, POLICY)) > 0


def test_a_healthy_release_passes_at_the_plan_and_not_before() -> None:
    assert needed(judge(some(CALM, 7_900), POLICY)) < 100
    assert statuses(CALM, 8_100, 12).count("pass") >= 9


def test_slow_minutes_hit_both_and_requests_are_compared_by_rows() -> None:
    traffic = replace(CALM, wave=0.3, mixed=True, rate=20)
    found = statuses(traffic, 17_000, 8)
    assert found.count("fail") == 0
    assert found.count("pass") >= 6


def test_a_candidate_with_larger_requests_is_not_slower() -> None:
    """As where a user with large requests is in its arm by chance: all in all p95 is 5 times the
    champion's."""
    samples = some(CALM, 12_000)
    large = np.random.default_rng(1).random(12_000) < np.where(samples.candidate, 0.3, 0.1)
    samples = replace(
        samples, rows=np.where(large, 500, 1), seconds=samples.seconds * np.where(large, 6, 1)
    )
    assert judge(samples, POLICY).status == "pass"
    mixed_up = replace(samples, rows=np.ones(12_000, int))
    assert judge(mixed_up, POLICY).status == "fail"


@pytest.mark.parametrize("traffic", [CALM, replace(CALM, wave=0.3)])
def test_thirty_percent_slower_fails(traffic: Traffic) -> None:
    assert statuses(replace(traffic, slower=1.3), 8_100, 12).count("fail") >= 10


def test_twice_as_slow_fails_in_the_first_step() -> None:
    assert statuses(replace(CALM, slower=2), 6_000, 8, share=0.05).count("fail") >= 7


def test_what_is_slower_by_the_tolerance_does_not_pass() -> None:
    assert statuses(replace(CALM, slower=1.1), 16_500, 20).count("pass") <= 3


def test_only_the_slowest_percent_is_seen_too() -> None:
    samples = some(CALM, 16_500, seed=3)
    slow = samples.candidate & (np.random.default_rng(2).random(16_500) < 0.02)
    slower = replace(samples, seconds=np.where(slow, 10 * samples.seconds, samples.seconds))
    found = compare(slower, TOLERANCES)
    assert not found[0.95].proven(0.01)
    assert found[0.99].proven(0.01)
    assert judge(slower, POLICY).status == "fail"


def test_blocks_too_small_for_p99_judge_p95_alone_and_say_so() -> None:
    few = some(CALM, 3_000, seed=1)
    assert set(compare(few, TOLERANCES)) == {0.95}
    verdict = judge(few, Policy(floor=700, p95=0.5))
    assert verdict.status == "pass"
    assert "p99 is not judged" in verdict.why


def test_times_that_nobody_knows_are_not_zero() -> None:
    samples = some(CALM, 9_000)
    lost = replace(samples, seconds=np.where(samples.candidate, np.nan, samples.seconds))
    verdict = judge(lost, POLICY)
    assert (verdict.status, needed(verdict)) == ("hold", None)
    assert "have no time" in verdict.why


def test_failures_are_left_to_the_errors() -> None:
    samples = some(CALM, 9_000)
    bad = samples.candidate & (np.random.default_rng(4).random(9_000) < 0.3)
    quick = replace(
        samples,
        cause=np.where(bad, "502", ""),
        seconds=np.where(bad, 1e-6, 2 * samples.seconds),
    )
    same = replace(samples, cause=np.where(bad, "502", ""), seconds=2 * samples.seconds)
    assert judge(quick, POLICY).status == judge(same, POLICY).status


def test_a_bar_is_the_champions_own_order_statistic() -> None:
    """By hand: 20 blocks of 19 champions from 1 to 19 s; k = 19, so 1 of 20 is expected above."""
    one = np.arange(1.0, 20.0)
    block = Samples(
        at=np.arange(21.0), step=np.zeros(21), candidate=[False] * 19 + [True] * 2,
        share=np.full(21, 0.1), entity=[""] * 21, cause=[""] * 21,
        seconds=[*one, 25.0, 1.0], rows=np.ones(21),
    )  # fmt: skip
    samples = concatenated([replace(block, at=block.at + 100 * n) for n in range(20)])
    wobble = np.where((samples.seconds == 25) & (samples.at < 100), 1.0, samples.seconds)
    found = compare(replace(samples, seconds=wobble), {0.95: 0.10})[0.95]
    excess = np.array([0.0] + [1.0] * 19) - 2 * (1 - 19 / 20)
    assert found.t == pytest.approx(excess.mean() / (excess.std(ddof=1) / np.sqrt(20)))
    assert found.covered == 1


def test_when_no_test_is_left_only_a_person_can_accept() -> None:
    verdict = judge(some(replace(CALM, slower=1.1), 9_000, seed=2), Policy(extensions=0))
    assert needed(verdict) == 0
