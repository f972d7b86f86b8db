"""A holdout that goes far better than validation went: has the model seen it?

Validation is scored by the model that was fitted without it, so both are exams. Months differ in
how hard they are, so each loss is a share of what a dummy loses on the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from delivery.gates.numbers.bootstrap import resample
from delivery.gates.numbers.paired import SEED, PairedLosses, shortcomings
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "too_good"
LEVEL = 0.99
LOW = 0.05  # losses below this quantile of validation's are low


class Policy(Strict):
    """`share`: a loss on the holdout below this share of the one on validation, both relative to a
    dummy, is too good to be true."""

    share: float = Field(default=0.75, ge=0, lt=1)
    minimum_rows: int = Field(default=50, ge=2)
    minimum_clusters: int = Field(default=10, ge=2)


@dataclass(frozen=True)
class Evidence:
    """Losses of the candidate on the holdout, and on validation those of the model that was fitted
    without it; `reference` is a dummy. None: not known, and `missing` says why."""

    holdout: PairedLosses | None
    validation: PairedLosses | None
    missing: str = ""


@dataclass(frozen=True)
class Relative:
    """A loss as a share of a dummy's, with one-sided 99% bounds that resample clusters."""

    value: float
    lower: float
    upper: float


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Hold where the difference is gross and no chance of the rows."""
    required = f"a loss of {policy.share:.0%} or more of validation's, relative to a dummy"
    minimum = {"rows": policy.minimum_rows, "clusters": policy.minimum_clusters}
    holdout, validation = evidence.holdout, evidence.validation
    problems = {
        problem
        for losses in (holdout, validation)
        for problem in shortcomings(losses, evidence.missing, minimum)
    }
    if holdout is None or validation is None or problems:
        why = f"cannot be told: {'; '.join(sorted(problems))}"
        return Verdict(GATE, "pass", "not compared", required, why)
    own, before = relative(holdout), relative(validation)
    low = float((holdout.candidate < np.quantile(validation.candidate, LOW)).mean())
    measured = f"{own.value:.2f} of a dummy's loss, on validation {before.value:.2f}"
    details = {"holdout": vars(own), "validation": vars(before), "low": low}
    if own.upper < policy.share * before.lower:
        why = (
            "the holdout went far better than validation did: has training seen it, or is a "
            f"column filled in later? {low:.0%} of its rows have a loss as low as {LOW:.0%} of "
            "validation's"
        )
        return Verdict(GATE, "hold", measured, required, why, details)
    return Verdict(GATE, "pass", measured, required, "as good as can be expected", details)


def relative(losses: PairedLosses) -> Relative:
    """The ratio of two means; its error is that of the residuals (Davison & Hinkley 1997, 2.7)."""
    dummy = float(losses.reference.mean())
    value = float(losses.candidate.mean()) / dummy if dummy > 0 else 1.0
    residuals = losses.candidate - value * losses.reference
    error = resample(residuals, losses.clusters, seed=SEED)
    bounds = (error.lower(LEVEL), error.upper(LEVEL)) if dummy > 0 else (0.0, 0.0)
    low, high = (value + bound / (dummy or 1.0) for bound in bounds)
    return Relative(value, max(low, 0.0), high)
