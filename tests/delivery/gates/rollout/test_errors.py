"""Does the candidate fail more often? The answers, and how often they are wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.rollout.decision import needed
from delivery.gates.rollout.errors import Policy, judge, planned_tests
from delivery.gates.rollout.observations.samples import EMPTY, Samples, concatenated
from tests.delivery.gates.rollout.traffic import Traffic

POLICY = Policy()


def some(traffic: Traffic, size: int, share: float = 0.5, seed: int = 0) -> Samples:
    return traffic.requests(np.random.default_rng([seed, 16]), size, share)


def statuses(traffic: Traffic, size: int, runs: int, share: float = 0.5) -> list[str]:
    return [
        judge(some(traffic, size, share, seed), POLICY, f"{seed}").status for seed in range(runs)
    ]


@pytest.mark.parametrize("samples", [EMPTY, some(Traffic(), 500, 0.0), some(Traffic(), 500, 1.0)])
def test_without_both_arms_there_is_no_comparison(samples: Samples) -> None:
    assert needed(judge(samples, POLICY, "a")) == POLICY.floor


def test_before_the_plan_nothing_passes_however_well_it_looks() -> None:
    verdict = judge(some(Traffic(champion=0.02, candidate=0), 3_900), POLICY, "a")
    assert 0 < needed(verdict) < 20_000
    assert verdict.details["could_have_missed"] < POLICY.margin


def test_no_errors_at_all_pass_at_the_floor() -> None:
    verdict = judge(some(Traffic(champion=0, candidate=0), 4_050), POLICY, "a")
    assert verdict.status == "pass"
    assert needed(judge(some(Traffic(champion=0, candidate=0), 3_990), POLICY, "a")) is not None


@pytest.mark.parametrize(("rate", "textbook"), [(0.005, 3_660), (0.01, 7_285), (0.02, 14_420)])
def test_the_plan_follows_the_error_rate(rate: float, textbook: int) -> None:
    """2p(1 − p)(1.751 + 1.282)² / margin²."""
    traffic = Traffic(champion=rate, candidate=rate)
    plans = [planned_tests(some(traffic, 12_000, seed=seed), POLICY)[1] for seed in range(8)]
    assert np.median(plans) == pytest.approx(textbook, rel=0.35)


def test_the_plan_grows_with_bursts() -> None:
    """Five times: 2b − 1 for bursts of mean length b."""
    traffic = Traffic(burst=3)
    plans = [planned_tests(some(traffic, 12_000, seed=seed), POLICY)[1] for seed in range(12)]
    assert 3.5 < np.median(plans) / 3_660 < 7.5


def test_a_healthy_release_passes_at_the_plan() -> None:
    assert statuses(Traffic(), 16_000, 20).count("pass") >= 17


def test_twice_the_requests_in_bursts_pass_too() -> None:
    found = statuses(Traffic(burst=2), 30_000, 10)
    assert found.count("fail") == 0
    assert found.count("pass") >= 8


@pytest.mark.parametrize(
    "traffic",
    [
        Traffic(burst=5),
        Traffic(burst=5, entities=20_000, rate=100),
        Traffic(entities=500, heavy=True, own=0.1),
        Traffic(entities=4_000, heavy=True),
        Traffic(outage=(200, 60)),
        Traffic(rate=1_000, champion=0.02, candidate=0.02),
    ],
    ids=["bursts", "bursts, users", "unequal users", "heavy users", "outage", "1,000 a second"],
)
@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_healthy_release_is_not_stopped(traffic: Traffic, share: float) -> None:
    """In one of a hundred at most; docs/analysis.md has 2,000 of each kind."""
    assert statuses(traffic, 8_000, 12, share).count("fail") <= 1


@pytest.mark.parametrize("users", [0, 2_000])
def test_four_times_the_errors_are_stopped(users: int) -> None:
    found = statuses(Traffic(candidate=0.02, entities=users), 10_000, 12)
    assert found.count("fail") == 12


def test_it_is_stopped_early() -> None:
    half = [judge(some(Traffic(candidate=0.05), 800, 0.5, seed), POLICY, "") for seed in range(12)]
    assert [verdict.status for verdict in half].count("fail") >= 10


def test_a_crash_stops_at_once_though_nobody_fails_twice() -> None:
    """One user: no statistics over users can say anything."""
    calm, crash = Traffic(entities=1), Traffic(entities=1, candidate=1.0)
    one = some(calm, 600)
    arms = np.arange(600) % 2 == 0
    two = replace(some(crash, 600), at=one.at + 1e6, candidate=arms)
    two = replace(two, cause=np.where(arms, "reset", ""))
    verdict = judge(concatenated([replace(one, candidate=arms), two]), POLICY, "a")
    assert verdict.status == "fail"
    assert "half of its requests" in verdict.why


def test_an_outage_of_both_is_not_blamed_on_a_small_canary() -> None:
    """Incidents of each arm apart would stop it within four seconds."""
    verdict = judge(some(Traffic(rate=100, outage=(5, 10)), 2_000, 0.05), POLICY, "a")
    assert verdict.status == "hold"
    assert verdict.details["evidence"] < 20


def test_shares_may_change_because_of_what_was_seen() -> None:
    """The share grows whenever the candidate had no error, falls whenever it had one."""
    stopped = 0
    for seed in range(30):
        random = np.random.default_rng([seed, 17])
        share, parts, at = 0.05, [], 1e9
        for step in range(12):
            part = Traffic(champion=0.01, candidate=0.01).requests(
                random, 700, share, step=step, began=at
            )
            at = float(part.at[-1]) + 1
            parts.append(part)
            bad = part.failed[part.candidate].mean() > part.failed[~part.candidate].mean()
            share = max(0.05, share - 0.2) if bad else min(0.5, share + 0.2)
        stopped += judge(concatenated(parts), POLICY, f"{seed}").status == "fail"
    assert stopped <= 2


def test_the_same_samples_get_the_same_verdict_and_what_failed_stays_so() -> None:
    samples = some(Traffic(candidate=0.03), 6_000)
    assert judge(samples, POLICY, "a") == judge(samples, POLICY, "a")
    failed = [
        judge(samples[:size], POLICY, "a").status == "fail" for size in range(500, 6_001, 500)
    ]
    assert failed == sorted(failed)
    assert failed[-1]


def test_what_passed_stays_so_while_nothing_else_is_seen() -> None:
    samples = some(Traffic(), 16_000, seed=1)
    passed = [judge(samples[:n], POLICY, "a").status == "pass" for n in range(4_000, 16_001, 2_000)]
    assert passed == sorted(passed)
    assert passed[-1]


def test_re_tests_share_one_alpha() -> None:
    """A release that is worse by exactly the margin, asked up to four times."""
    traffic = Traffic(champion=0.005, candidate=0.010)
    found = [
        planned_tests(some(traffic, 50_000, seed=seed), POLICY)[0][-1].passes(POLICY.margin)
        for seed in range(40)
    ]
    assert sum(found) <= 6


def test_when_no_test_is_left_only_a_person_can_accept() -> None:
    policy = Policy(extensions=0)
    samples = some(Traffic(champion=0.005, candidate=0.009), 16_000, seed=4)
    verdict = judge(samples, policy, "a")
    assert needed(verdict) == 0
    assert "no more are planned" in verdict.why
    assert verdict.details["could_have_missed"] > policy.margin


def test_however_many_requests_come_no_test_is_made_beyond_the_plan() -> None:
    samples = some(Traffic(champion=0.005, candidate=0.009), 64_000, seed=4)
    tests, _ = planned_tests(samples, Policy(extensions=0))
    assert [test.passes(POLICY.margin) for test in tests] == [False]
