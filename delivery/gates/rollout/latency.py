"""Is the candidate slower than the champion beside it?

In each block of time the champion sets the bar: (1 + tolerance) × its own 95% (99%) slowest
answer. How many of the candidate's answers in the block are above it is known if it is slower by
exactly the tolerance: of m answers of the champion k are not above the k-th, so 1 − k/(m+1) of any
further one. What is more or less than that is added up over blocks; a slow minute hits both arms.
Requests are compared with requests of as many rows.

Source: David & Nagaraja, *Order Statistics* (2003), section 2.4 (exceedances do not depend on the
distribution).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from delivery.gates.numbers.bootstrap import Floats, student_quantile
from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.dependence.blocks import blocks, effective, levels, looks, missing
from delivery.gates.rollout.observations.samples import Samples, Whole
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "rollout_latency"
BLOCKS = 20
STRATA = (0, 1, 10, 100)  # rows of a request: unknown, one, to ten, to a hundred, more
HARM = 0.01  # error level of each look for harm: what is slower by exactly the tolerance
FIRST = 250  # requests of each arm before the first look for harm, which then come at each doubling
COVERED = 0.5  # of the candidate's requests at least are in a block where the champion sets a bar
UNKNOWN = 0.01  # of the answers at most may have no time


class Policy(Strict):
    """How much longer the slowest 5% and 1% may take, as a share of the champion's time.

    It passes at `floor` requests of each arm, or at one of `extensions` re-tests; together they let
    pass what is slower by the tolerance with at most `alpha`.
    """

    p95: float = Field(default=0.10, ge=0)
    p99: float = Field(default=0.20, ge=0)
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    floor: int = Field(default=4_000, ge=500)
    extensions: int = Field(default=3, ge=0, le=10)


@dataclass(frozen=True)
class Slower:
    """`t` > 0: more of the candidate's answers are above the bar than a release that is slower by
    the tolerance has. `covered`: the share of its answers that have a bar."""

    t: float
    covered: float

    def proven(self, level: float) -> bool:
        return self.t > student_quantile(1 - level, BLOCKS - 1)

    def excluded(self, level: float) -> bool:
        return self.covered >= COVERED and self.t < -student_quantile(1 - level, BLOCKS - 1)


def judge(samples: Samples, policy: Policy) -> Verdict:
    """Fail on proof at looks fixed beforehand; pass at the planned ones alone. What failed is left
    to the errors. p99 is judged as soon as blocks have enough answers for it."""
    required = f"p95 at most {policy.p95:+.0%}, p99 at most {policy.p99:+.0%}"
    answered = samples[~samples.failed]
    known = answered[np.isfinite(answered.seconds)]
    measured = _measured(known)
    if len(answered) - len(known) > UNKNOWN * len(answered):
        why = f"{len(answered) - len(known):,} of {len(answered):,} answers have no time"
        return Verdict(GATE, "hold", measured, required, why)
    tolerances = {0.95: policy.p95, 0.99: policy.p99}
    for size in looks(known, FIRST, growth=2.0):
        for name, slower in compare(known[:size], tolerances).items():
            if slower.proven(HARM):
                why = f"p{name:.0%}".rstrip("%") + f" is beyond the tolerance, at {size:,} answers"
                return Verdict(GATE, "fail", measured, required, why, {"t": slower.t})
    return _good_enough(known, policy, measured, required)


def _good_enough(known: Samples, policy: Policy, measured: str, required: str) -> Verdict:
    worth = float(effective(known)[-1]) if len(known) else 0.0
    tolerances = {0.95: policy.p95, 0.99: policy.p99}
    for number, level in enumerate(levels(policy.alpha, policy.extensions), start=1):
        due = number * policy.floor
        if worth < due:
            left = missing(due, worth, float(known.share[-1]) if len(known) else 1.0)
            why = f"the next test is planned at {due:,} answers of each arm, {worth:,.0f} are there"
            return inconclusive(GATE, measured, required, why, left, worth=worth, planned=due)
        slower = compare(known[: next(looks(known, due))], tolerances)
        details = {f"t{name * 100:g}": each.t for name, each in slower.items()}
        if 0.95 in slower and all(each.excluded(level) for each in slower.values()):
            also = "" if 0.99 in slower else "; p99 is not judged, blocks have too few answers"
            why = f"not slower by more than the tolerance, at {due:,} answers of each arm{also}"
            return Verdict(GATE, "pass", measured, required, why, details)
    why = f"{policy.extensions + 1} tests could not tell; no more are planned"
    return inconclusive(GATE, measured, required, why, 0, worth=worth)


def compare(samples: Samples, tolerances: dict[float, float]) -> dict[float, Slower]:
    """Quantile → how the candidate stands to it; those that no block can judge are left out."""
    block, groups = blocks(samples, BLOCKS), len(STRATA) + 1
    group = block * groups + np.digitize(samples.rows, STRATA, right=True)
    result = {}
    for share, tolerance in tolerances.items():
        bar, rank = _bars(samples, group, share)
        judged = samples.candidate & np.isfinite(bar[group])
        if len(np.unique(block[judged])) < BLOCKS / 2:
            continue
        above = samples.seconds > (1 + tolerance) * bar[group]
        counted = np.bincount(block[judged], (above - (1 - rank[group]))[judged])
        excess = counted[np.unique(block[judged])]
        result[share] = Slower(_student(excess), float(judged.sum() / samples.candidate.sum()))
    return result


def _student(values: Floats) -> float:
    """Student's t of "their mean is 0"; 0 where nothing varies."""
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return float(values.mean()) / error if error else 0.0


def _bars(samples: Samples, group: Whole, share: float) -> tuple[Floats, Floats]:
    """Of each group the champion's k-th smallest time, NaN where it has too few, and k/(m+1)."""
    theirs = np.flatnonzero(~samples.candidate)
    order = theirs[np.lexsort((samples.seconds[theirs], group[theirs]))]
    size = np.bincount(group[theirs], minlength=int(group.max()) + 1)
    start = np.cumsum(size) - size
    rank = np.ceil(share * (size + 1)).astype(int)
    enough = (rank <= size) & (size > 0)
    bar = np.full(len(size), np.nan)
    bar[enough] = samples.seconds[order[start[enough] + rank[enough] - 1]]
    return bar, rank / (size + 1)


def _measured(known: Samples) -> str:
    own, theirs = known.seconds[known.candidate], known.seconds[~known.candidate]
    if not (len(own) and len(theirs)):
        return "no answers of both arms"
    one, other = (1000 * np.quantile(side, [0.95, 0.99]) for side in (own, theirs))
    return (
        f"p95 {one[0]:.1f} against {other[0]:.1f} ms, p99 {one[1]:.1f} against {other[1]:.1f} ms, "
        f"{len(own):,} and {len(theirs):,} answers"
    )
