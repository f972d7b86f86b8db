"""Two models on the same rows: what the baseline and the champion gate both measure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from delivery.gates.numbers.bootstrap import Codes, Floats, resample

LEVEL = 0.95  # of every one-sided bound
SEED = 0  # bounds are the same wherever and whenever they are computed


@dataclass(frozen=True)
class PairedLosses:
    """The loss of two models on the same rows, lower is better, [rows] each.

    `clusters` numbers the cluster of each row: rows of one cluster are not independent.
    """

    metric: str
    candidate: Floats
    reference: Floats
    clusters: Codes


@dataclass(frozen=True)
class Comparison:
    """The mean of candidate loss − reference loss with its one-sided bounds."""

    rows: int
    clusters: int
    candidate: float
    reference: float
    difference: float
    lower: float
    upper: float

    @property
    def superior(self) -> bool:
        """The candidate is better, proven."""
        return self.upper < 0

    @property
    def inferior(self) -> bool:
        """The candidate is worse, proven."""
        return self.lower > 0

    def relative(self, value: float) -> float:
        """`value` as a share of the reference's loss; infinite where only that is 0."""
        if self.reference > 0:
            return value / self.reference
        return math.copysign(math.inf, value) if value else 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "clusters": self.clusters,
            "candidate": self.candidate,
            "reference": self.reference,
            "difference": self.difference,
            "lower": self.lower,
            "upper": self.upper,
        }


def compare(losses: PairedLosses) -> Comparison:
    """Bootstrap the mean loss difference by cluster. Needs finite losses, two clusters."""
    result = resample(losses.candidate - losses.reference, losses.clusters, seed=SEED)
    return Comparison(
        rows=len(losses.candidate),
        clusters=result.clusters,
        candidate=float(losses.candidate.mean()),
        reference=float(losses.reference.mean()),
        difference=result.mean,
        lower=result.lower(LEVEL),
        upper=result.upper(LEVEL),
    )


def shortcomings(
    losses: PairedLosses | None, missing: str, minimum: Mapping[str, int]
) -> tuple[str, ...]:
    """Why `losses` are not enough to judge by; empty if they are.

    `minimum` gives the least number of `rows` and of `clusters`.
    """
    if losses is None:
        return (missing or "there are no scores",)
    counts = {"rows": len(losses.candidate), "clusters": len(np.unique(losses.clusters))}
    problems = [
        f"{counts[what]} {what} in the holdout, at least {least} are needed"
        for what, least in minimum.items()
        if counts[what] < least
    ]
    for who, values in (("candidate", losses.candidate), ("reference", losses.reference)):
        unknown = int((~np.isfinite(values)).sum())
        if unknown:
            problems.append(f"{unknown} rows have no finite {losses.metric} of the {who}")
    return tuple(problems)


def more_rows(gate: str) -> str:
    """What a person can do where the rows do not decide."""
    return (
        "Wait for newer data, or give the holdout more rows (prepare.split in params.yaml); or let "
        f'it pass with `--override {gate} --reason "…"`'
    )
