"""A first release must beat a dummy: it has no champion to be compared with.

The dummy knows no input and answers the distribution (or the mean) of the training labels.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from delivery.gates.numbers.paired import Comparison, PairedLosses, compare, shortcomings
from delivery.gates.verdict import Status, Verdict
from serving.strict import Strict

GATE = "baseline"


class Policy(Strict):
    """`gain`: by how much of the dummy's loss the candidate must be better, 0.05 = 5%."""

    gain: float = Field(default=0.0, ge=0, lt=1)
    minimum_rows: int = Field(default=50, ge=2)
    minimum_clusters: int = Field(default=10, ge=2)


@dataclass(frozen=True)
class Evidence:
    """`losses.reference` is the dummy's. None: not scored, and `missing` says why."""

    losses: PairedLosses | None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if the bound of candidate loss − dummy loss lies below −gain of the dummy's loss."""
    required = f"95% bound of the loss difference to a dummy below {-policy.gain or 0:.1%}"
    minimum = {"rows": policy.minimum_rows, "clusters": policy.minimum_clusters}
    problems = shortcomings(evidence.losses, evidence.missing, minimum)
    if evidence.losses is None or problems:
        return Verdict(GATE, "hold", "not measured", required, "; ".join(problems))
    comparison = compare(evidence.losses)
    status, why = _decide(comparison, policy.gain)
    measured = (
        f"{evidence.losses.metric} {comparison.candidate:.4f}, dummy {comparison.reference:.4f}; "
        f"bound {comparison.relative(comparison.upper):+.2%}"
    )
    return Verdict(GATE, status, measured, required, why, {"difference": comparison.to_json()})


def _decide(comparison: Comparison, gain: float) -> tuple[Status, str]:
    limit = -gain * comparison.reference
    if comparison.upper < limit:
        return "pass", "the model is better than a dummy, proven on the holdout"
    if comparison.difference >= limit:
        return "fail", "the model is no better than one that knows no input"
    return "hold", "the model looks better than a dummy, but the holdout is too small to prove it"
