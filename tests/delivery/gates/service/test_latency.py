from __future__ import annotations

import math

import numpy as np
import pytest

from delivery.gates.service.latency import Evidence, Policy, Side, judge

POLICY = Policy()


def side(factor: float = 1.0, plus: float = 0.0, *, mb: float = 200.0, seed: int = 0) -> Side:
    """4 ms or so a request; single blocks are slow, as on a machine that does something else."""
    random = np.random.default_rng(seed)
    ms = 4 + random.exponential(0.4, (POLICY.blocks, POLICY.requests))
    ms[random.random(POLICY.blocks) < 0.2] *= 2
    return Side(ms * factor + plus, mb, mb)


@pytest.mark.parametrize("seed", range(1, 11))
def test_equal_services_on_a_busy_machine_pass(seed: int) -> None:
    assert judge(Evidence(side(seed=seed), side(seed=seed + 100)), POLICY).status == "pass"


@pytest.mark.parametrize(
    ("factor", "plus", "status"),
    [(1.2, 0, "pass"), (1.25, 0.9, "pass"), (1.25, 1.1, "fail"), (2, 0, "fail")],
)
def test_what_is_slower_by_more_than_ratio_and_slack_fails(
    factor: float, plus: float, status: str
) -> None:
    """The same blocks are slow on both sides, so the difference is exact."""
    verdict = judge(Evidence(side(factor, plus), side()), POLICY)
    assert verdict.status == status
    assert ("p50 is" in verdict.why) == (status == "fail")


def independent(seed: int, blocks: int = POLICY.blocks, requests: int = 40) -> Side:
    """Blocks differ much more than the requests of one."""
    random = np.random.default_rng(seed)
    return Side(
        random.normal(10, 1, (blocks, 1)) + random.normal(0, 0.5, (blocks, requests)), 200, 200
    )


@pytest.mark.parametrize(("name", "share"), [("p50", 0.5), ("p95", 0.95)])
def test_an_excess_is_the_lower_end_of_a_plain_bootstrap_over_blocks(
    name: str, share: float
) -> None:
    """One-sided at 97.5%, so that both quantiles together err in 5% of the cases."""
    own, other = independent(1), independent(2)
    verdict = judge(Evidence(own, other), Policy(ratio=1.25, slack_ms=0))
    random = np.random.default_rng(0)
    drawn = []
    for _ in range(4_000):
        picks = random.integers(0, len(own.ms), len(own.ms))
        drawn.append(np.quantile(own.ms[picks], share) - 1.25 * np.quantile(other.ms[picks], share))
    reach = np.mean(drawn) - np.quantile(drawn, 0.025)
    excess = verdict.details[name]["excess_ms"]
    assert np.mean(drawn) - excess == pytest.approx(reach, rel=0.1)


def test_the_excess_may_reach_the_slack_but_not_pass_it() -> None:
    evidence = Evidence(independent(1), Side(independent(2).ms - 3, 200, 200))
    generous = Policy(ratio=1, slack_ms=100)
    excess = max(
        judge(evidence, generous).details[name]["excess_ms"] for name in ("p50", "p95")
    )  # fmt: skip
    assert excess > 1
    assert judge(evidence, Policy(ratio=1, slack_ms=excess)).status == "pass"
    assert judge(evidence, Policy(ratio=1, slack_ms=np.nextafter(excess, 0))).status == "fail"


@pytest.mark.parametrize(("blocks", "status"), [(4, "hold"), (5, "pass")])
def test_five_blocks_are_enough_to_compare(blocks: int, status: str) -> None:
    evidence = Evidence(independent(1, blocks), independent(2, blocks))
    assert judge(evidence, POLICY).status == status


@pytest.mark.parametrize(("steady", "peak", "status"), [(900, 200, "pass"), (200, 900, "fail")])
def test_memory_counts_at_its_peak(steady: float, peak: float, status: str) -> None:
    """A process that is killed for memory is killed at its peak."""
    verdict = judge(Evidence(Side(side().ms, steady, peak), side(mb=200)), POLICY)
    assert verdict.status == status


def test_a_slow_tail_alone_fails() -> None:
    tail = side()
    tail.ms[:, ::8] += 20
    verdict = judge(Evidence(tail, side()), POLICY)
    assert verdict.status == "fail"
    assert verdict.why.startswith("p95 is")


def test_a_difference_of_one_bad_moment_is_no_proof() -> None:
    unlucky = side()
    unlucky.ms[3] += 400
    assert judge(Evidence(unlucky, side()), POLICY).status == "pass"


@pytest.mark.parametrize(
    ("own", "other", "status"),
    [
        (300.0, 200.0, "pass"),
        (301.0, 200.0, "fail"),
        (150.0, 50.0, "pass"),
        (151.0, 50.0, "fail"),
        (1_500.0, 1_000.0, "pass"),
        (1_501.0, 1_000.0, "fail"),
    ],
)
def test_memory_is_refused_beyond_both_limits(own: float, other: float, status: str) -> None:
    verdict = judge(Evidence(side(mb=own), side(mb=other)), POLICY)
    assert verdict.status == status
    assert ("MB are allowed" in verdict.why) == (status == "fail")


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(missing="it refuses a row"),
        Evidence(candidate=side(), missing="no champion"),
        Evidence(side(math.nan), side()),
        Evidence(side(), side(mb=math.inf)),
        Evidence(Side(side().ms[:3], 1, 1), side()),
        Evidence(Side(side().ms[:3], 1, 1), Side(side().ms[:3], 1, 1)),
    ],
)
def test_what_is_missing_or_no_number_holds(evidence: Evidence) -> None:
    verdict = judge(evidence, POLICY)
    assert verdict.status == "hold"
    assert verdict.why


def test_a_first_release_has_nothing_beside_it() -> None:
    verdict = judge(Evidence(first=True), POLICY)
    assert verdict.status == "pass"
    assert "first release" in verdict.why


def test_evidence_is_remembered_whole() -> None:
    evidence = Evidence(side(seed=1), side(seed=2))
    again = Evidence.from_json(evidence.to_json())
    assert judge(again, POLICY) == judge(evidence, POLICY)


@pytest.mark.parametrize("content", [None, {}, [], [[1]], [[[1.0], 1, 2]], "x", [["a", 1, 2]] * 2])
def test_what_is_no_evidence_is_not_remembered(content: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        Evidence.from_json(content)
