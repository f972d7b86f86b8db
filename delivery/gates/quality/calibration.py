"""Scores must not be further from what happens than the champion's are.

A better ranking can hide a worse calibration from the champion gate. What a model would gain by
having its scores turned is compared with what the champion would gain, on the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from delivery.gates.numbers.paired import PairedLosses, compare, shortcomings
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "calibration"


class Policy(Strict):
    """`margin` is a share of the champion's loss: 0.01 = 1%."""

    margin: float = Field(default=0.01, ge=0, lt=1)
    minimum_rows: int = Field(default=50, ge=2)
    minimum_clusters: int = Field(default=10, ge=2)


@dataclass(frozen=True)
class Evidence:
    """`gains` holds what recalibration would take off the loss of each row; the reference is the
    champion. `loss` is the champion's mean loss. `shown` are both lines, JSON only. `first`: there
    is no champion. None: not scored, and `missing` says why."""

    gains: PairedLosses | None
    loss: float = 0.0
    first: bool = False
    missing: str = ""
    shown: dict[str, Any] = field(default_factory=dict)


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Fail on proof that more is lost to calibration than by the champion, plus the margin."""
    required = f"95% bound of the difference ≤ {policy.margin:.1%} of the champion's loss"
    minimum = {"rows": policy.minimum_rows, "clusters": policy.minimum_clusters}
    problems = shortcomings(evidence.gains, evidence.missing, minimum)
    if evidence.gains is None or problems:
        return Verdict(GATE, "hold", "not measured", required, "; ".join(problems))
    comparison = compare(evidence.gains)
    details = {"difference": comparison.to_json(), "loss": evidence.loss, **evidence.shown}
    if evidence.first:
        measured = f"{comparison.candidate:.4f} of {evidence.gains.metric} is lost to calibration"
        why = "a first release: there is no champion to be worse than"
        return Verdict(GATE, "pass", measured, required, why, details)
    measured = (
        f"{comparison.candidate:.4f} of {evidence.gains.metric} is lost to calibration, "
        f"champion {comparison.reference:.4f}; "
        f"bound of the difference {comparison.lower / (evidence.loss or 1.0):+.2%}"
    )
    if comparison.lower > policy.margin * evidence.loss:
        why = "the scores are further from what happens than the champion's, proven"
        return Verdict(GATE, "fail", measured, required, why, details)
    return Verdict(GATE, "pass", measured, required, "no harm to calibration is proven", details)
