"""Which of two or more releases has the better outcome? Looked at as often as one likes.

The difference of means stands in an asymptotic confidence sequence: at 95% it holds at all looks
together.

Source: Waudby-Smith et al., arXiv 2103.06476.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field

from delivery.gates.numbers.anytime import half_width
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout import sample_ratio
from delivery.gates.rollout.decision import inconclusive, needed
from delivery.gates.rollout.observations.outcomes import Outcomes, adjusted
from delivery.gates.rollout.observations.samples import Whole
from delivery.gates.rollout.sample_ratio import Policy as SampleRatioPolicy
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "experiment"
Result = Literal["winner", "worse", "no difference", "undecided"]


class Policy(Strict):
    """All of it is fixed before the experiment starts. Shares are of the champion's mean.

    `alpha` is spent by the success metric, over all looks and arms; guardrails have the whole of it
    each, since every one of them has to hold. `bounds` cut outcomes off.
    """

    smallest: float = Field(default=0.02, gt=0)  # difference of interest
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    planned: int = Field(default=20_000, ge=1_000)  # entities in all; the interval is tuned to it
    burn_in: int = Field(default=500, ge=50)  # entities of each arm before anything is said
    days: int = Field(default=14, ge=1)  # before a winner is named, and then whole weeks
    ceiling: int = Field(default=56, ge=7)  # days
    guardrail: float = Field(default=0.02, gt=0)  # may get worse
    bounds: tuple[float, float] | None = None
    sample_ratio: SampleRatioPolicy = SampleRatioPolicy()


@dataclass(frozen=True)
class Interval:
    """Mean of an arm − the champion's, and its confidence sequence at this look."""

    difference: float
    low: float
    high: float
    champion: float
    entities: int
    error: float


def judge(outcomes: Outcomes, policy: Policy) -> tuple[Verdict, ...]:
    """A verdict for each arm but the champion: pass is a winner, fail is worse; `details["result"]`
    is winner, worse, no difference or undecided."""
    fault = _fault(outcomes, policy)
    return tuple(
        fault or _judge_arm(outcomes, arm, policy) for arm in range(1, len(outcomes.shares))
    )


def interval(
    values: Floats, arms: Whole, arm: int, policy: Policy, alpha: float
) -> Interval | None:
    """None below the burn-in."""
    own, other = values[arms == arm], values[arms == 0]
    if min(len(own), len(other)) < policy.burn_in:
        return None
    error = math.sqrt(own.var(ddof=1) / len(own) + other.var(ddof=1) / len(other))
    difference, size = float(own.mean() - other.mean()), len(own) + len(other)
    half = half_width(error, size, policy.planned, alpha)
    mean = float(other.mean())
    return Interval(difference, difference - half, difference + half, mean, size, error)


def _fault(outcomes: Outcomes, policy: Policy) -> Verdict | None:
    """A split, or a share of outcomes that arrive, that makes every comparison void."""
    arms = len(outcomes.shares)
    seen = np.bincount(outcomes.arm[np.isfinite(outcomes.value)], minlength=arms).tolist()
    assigned = list(outcomes.assigned) or seen
    checks = (
        (assigned, list(outcomes.shares), "entities do not come in the wanted shares"),
        (seen, assigned, "outcomes arrive more often from one arm than from another"),
    )
    for counts, shares, why in checks:
        if min(shares) <= 0:
            continue  # nothing came yet
        verdict = sample_ratio.judge_counts(counts, shares, policy.sample_ratio)
        if verdict.status == "hold" and needed(verdict) is None:
            return Verdict(GATE, "hold", verdict.measured, verdict.required, why)
    return None


def _judge_arm(outcomes: Outcomes, arm: int, policy: Policy) -> Verdict:
    required = (
        f"a difference proven at {1 - policy.alpha:.0%} over all looks, or none of "
        f"{policy.smallest:.0%}; {policy.days} days and whole weeks"
    )
    alpha = policy.alpha / (len(outcomes.shares) - 1)
    clean = adjusted(outcomes, policy.burn_in * len(outcomes.shares), policy.bounds)
    now = interval(*clean.until(math.inf), arm, policy, alpha)
    if now is None:
        why = f"{policy.burn_in:,} entities of each arm are needed before anything is said"
        left = len(outcomes.shares) * policy.burn_in - len(outcomes.arm)
        return inconclusive(
            GATE, f"{len(outcomes.arm):,} outcomes", required, why, max(1, left), result="undecided"
        )
    harmed, open_ = _guardrails(outcomes, arm, policy)
    result, why = _result(clean, arm, policy, alpha)
    if harmed:
        result, why = "worse", f"harm is proven in {', '.join(harmed)}"
    elif result == "winner" and open_:
        result, why = "undecided", f"harm is not excluded in {', '.join(open_)}"
    measured = f"{now.difference:+.4g} ({now.low:+.4g} to {now.high:+.4g}) at {now.entities:,}"
    details: dict[str, Any] = {"result": result, "arm": arm, "interval": vars(now)}
    return _verdict(result, measured, required, why, details, left=_left(outcomes, now, policy))


def _verdict(
    result: Result, measured: str, required: str, why: str, details: dict[str, Any], *, left: int
) -> Verdict:
    if result == "winner":
        return Verdict(GATE, "pass", measured, required, why, details)
    if result == "worse":
        return Verdict(GATE, "fail", measured, required, why, details)
    missing = 0 if result == "no difference" else left
    return inconclusive(GATE, measured, required, why, missing, **details)


def _result(clean: Outcomes, arm: int, policy: Policy, alpha: float) -> tuple[Result, str]:
    """By the outcomes of whole weeks: weekends differ, and so do first days."""
    weeks = 7 * math.floor(clean.days / 7)
    if weeks < policy.days:
        return "undecided", f"{clean.days:.1f} of {policy.days} days are over"
    then = interval(*clean.until(weeks), arm, policy, alpha)
    if then is None:
        return "undecided", "too few outcomes in whole weeks"
    interest = policy.smallest * abs(then.champion)
    if then.low > 0:
        return "winner", f"better than the champion, proven after {weeks} days"
    if then.high < 0:
        return "worse", f"worse than the champion, proven after {weeks} days"
    if -interest <= then.low and then.high <= interest:
        return "no difference", f"no difference of {policy.smallest:.0%} or more after {weeks} days"
    if clean.days >= policy.ceiling:
        missed = max(then.high, -then.low)
        return (
            "undecided",
            f"the ceiling of {policy.ceiling} days: could have missed ≤ {missed:.4g}",
        )
    return "undecided", f"the interval still holds 0 and more than {policy.smallest:.0%}"


def _guardrails(outcomes: Outcomes, arm: int, policy: Policy) -> tuple[list[str], list[str]]:
    """Those that are harmed, and those where harm is not excluded yet."""
    harmed, open_ = [], []
    for name, values in outcomes.guardrails.items():
        known = np.isfinite(values)
        bounds = interval(values[known], outcomes.arm[known], arm, policy, policy.alpha)
        margin = policy.guardrail * abs(bounds.champion) if bounds else 0.0
        if bounds and bounds.high < -margin:
            harmed.append(name)
        elif not bounds or bounds.low < -margin:
            open_.append(name)
    return harmed, open_


def _left(outcomes: Outcomes, now: Interval, policy: Policy) -> int:
    """How many more entities until the interval is as narrow as the difference of interest: then it
    decides one way or the other. 0 at the ceiling."""
    if outcomes.days >= policy.ceiling:
        return 0
    alpha = policy.alpha / (len(outcomes.shares) - 1)
    aim = policy.smallest * abs(now.champion)
    size = now.entities
    while aim and size < 1_000 * now.entities:
        error = now.error * math.sqrt(now.entities / size)
        if half_width(error, size, policy.planned, alpha) <= aim:
            break
        size = math.ceil(1.05 * size)
    return max(1, size - now.entities)
