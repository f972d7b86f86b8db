"""Does the candidate fail more often than the champion beside it?

Two questions with a test each. *Is it worse?* may be asked after every request: incidents are
bets (`anytime.relative_risk`), and a breakdown needs no statistics. *Is it good enough?* is
asked at a planned number of requests alone, which grows with the champion's own error rate and
with how much errors cluster.

Source: Jennison & Turnbull, *Group Sequential Methods* (2000), chapter 11 (a test when the
information suffices, whatever the rates turn out to be).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import Field

from delivery.gates.numbers.anytime import relative_risk
from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.dependence.blocks import levels, looks, missing, quantile
from delivery.gates.rollout.dependence.difference import Difference, difference
from delivery.gates.rollout.dependence.incidents import breaks_down, incidents
from delivery.gates.rollout.observations.samples import Samples
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "rollout_errors"
LEVEL = 0.95  # of every bound that is shown


class Policy(Strict):
    """`margin` is how many more of all requests may fail, as a share: 0.005 = half a point.

    It stops where incidents speak `evidence` to 1 against the candidate, or where the candidate
    alone breaks down: `breakdown` failures among twice as many requests. A candidate as good as
    the champion passes the first test with a chance of `power`; one that is worse by the margin
    passes any of them with at most `alpha`.
    """

    margin: float = Field(default=0.005, gt=0, lt=1)
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    power: float = Field(default=0.9, ge=0.5, lt=1)
    evidence: float = Field(default=100, ge=20)
    floor: int = Field(default=2_000, ge=100)  # requests of each arm, at least, before it passes
    extensions: int = Field(default=3, ge=0, le=10)  # re-tests after an inconclusive one
    breakdown: int = Field(default=50, ge=2)


@dataclass(frozen=True)
class Test:
    """A test whether it is good enough: on how many requests, and at which error level."""

    measured: Difference
    level: float
    requests: int

    def passes(self, margin: float) -> bool:
        return self.measured.upper(1 - self.level) <= margin

    def fails(self, margin: float) -> bool:
        return self.measured.lower(LEVEL) > margin


def judge(samples: Samples, policy: Policy, attempt: str) -> Verdict:
    """Fail on proof, at any look; pass at the planned number of requests alone.

    `attempt` seeds what is drawn, so that a replay of the same samples says the same.
    """
    required = (
        f"evidence below {policy.evidence:g} to 1; {LEVEL:.0%} bound of the difference at the "
        f"planned requests ≤ {policy.margin:.1%} of all"
    )
    now = difference(samples)
    if now is None:
        why = "both arms have to answer before they can be compared"
        return inconclusive(GATE, "no requests of both arms", required, why, policy.floor)
    owned = incidents(samples, attempt)
    evidence = math.exp(min(700.0, relative_risk(owned.candidate, owned.share).max(initial=0.0)))
    tests, planned = planned_tests(samples, policy)
    measured = f"{_rates(now)}, evidence {evidence:,.3g} to 1 in {len(owned)} incidents"
    details = {
        "evidence": evidence,
        "incidents": len(owned),
        "difference": now.value,
        "could_have_missed": now.upper(LEVEL),
        "dispersion": now.dispersion,
        "worth": now.worth,
        "planned": planned,
        "tests": [test.requests for test in tests],
    }
    worse = _worse(samples, evidence, tests, policy)
    if worse:
        return Verdict(GATE, "fail", measured, required, worse, details)
    if any(test.passes(policy.margin) for test in tests):
        why = f"not worse by more than the margin, tested at {tests[-1].requests:,} requests"
        return Verdict(GATE, "pass", measured, required, why, details)
    if len(tests) > policy.extensions:
        why = f"{len(tests)} tests could not tell; no more are planned"
        return inconclusive(GATE, measured, required, why, 0, **details)
    left = missing(planned, now.worth, float(samples.share[-1]))
    why = f"the next test is planned at {planned:,} of each arm, {now.worth:,.0f} are there"
    return inconclusive(GATE, measured, required, why, left, **details)


def planned_tests(samples: Samples, policy: Policy) -> tuple[list[Test], int]:
    """The tests that were due so far, and the requests of each arm that the next one waits for.

    The first is due as soon as the standard error lets a candidate as good as the champion pass
    with the chance `power`, and `floor` requests of each arm are there. Each re-test comes after
    as many requests again. When they are due depends on how often requests fail and how errors
    cluster, never on the difference. The last test is the last: it may have passed before.
    """
    tests: list[Test] = []
    first, due = math.inf, float(policy.floor)
    steps = levels(policy.alpha, policy.extensions)
    wanted = policy.margin / (quantile(steps[0]) + quantile(1 - policy.power))
    for size in looks(samples, policy.floor):
        measured = difference(samples[:size])
        if measured is None or len(tests) == len(steps):
            break
        if not tests:
            due = max(policy.floor, measured.worth * (measured.error / wanted) ** 2)
            first = measured.worth
        if measured.worth < due:
            continue
        tests.append(Test(measured, steps[len(tests)], size))
        if tests[-1].passes(policy.margin):
            break
        due = first * (len(tests) + 1)
    return tests, math.ceil(due)


def _worse(samples: Samples, evidence: float, tests: list[Test], policy: Policy) -> str:
    if evidence >= policy.evidence:
        return "incidents come from the candidate far more often than its share explains"
    if breaks_down(samples, policy.breakdown):
        return (
            f"it failed half of its requests, {policy.breakdown} of them, and the champion did not"
        )
    if any(test.fails(policy.margin) for test in tests):
        return "it fails more often than the margin allows, proven"
    return ""


def _rates(now: Difference) -> str:
    (bad, all_), (others, of_them) = now.candidate, now.champion
    return (
        f"{bad / all_:.2%} of {all_:,} requests failed, of the champion's {others / of_them:.2%} "
        f"of {of_them:,}"
    )
