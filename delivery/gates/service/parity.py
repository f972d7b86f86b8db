"""The bento must answer what the trained model answered, example by example.

Export, packaging, a library and a platform can each change a model silently.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "parity"


class Policy(Strict):
    """`tolerance` is a share of the largest answer, or of 1 where all are smaller
    (probabilities): the scale on which export compared."""

    tolerance: float = Field(default=1e-5, gt=0)
    minimum_examples: int = Field(default=1, ge=1)


@dataclass(frozen=True)
class Evidence:
    """`expected` by the trained model and `answered` by the bento: [examples] or
    [examples, classes]. None: not asked, and `missing` says why."""

    instances: Sequence[Mapping[str, Any]]
    expected: NDArray[np.float64] | None
    answered: NDArray[np.float64] | None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if every answer agrees within the tolerance."""
    required = f"largest difference ≤ {policy.tolerance:g} on every example"
    expected, answered = evidence.expected, evidence.answered
    if expected is None or answered is None:
        why = evidence.missing or "there are no examples or no answers to them"
        return Verdict(GATE, "hold", "not measured", required, why)
    count = f"{len(answered)} of {len(expected)} examples answered"
    if len(expected) < policy.minimum_examples:
        why = f"{policy.minimum_examples} examples are needed"
        return Verdict(GATE, "hold", f"{len(expected)} examples", required, why)
    if expected.shape != answered.shape:
        why = f"answers have shape {answered.shape}, the examples {expected.shape}"
        return Verdict(GATE, "fail", count, required, why)
    unknown = ~(np.isfinite(expected) & np.isfinite(answered)).reshape(len(expected), -1).all(1)
    if unknown.any():
        why = f"example {int(unknown.argmax()) + 1} has no finite answer to compare"
        return Verdict(GATE, "hold", f"{int(unknown.sum())} not finite", required, why)
    return _compare(evidence.instances, expected, answered, policy)


def _compare(
    instances: Sequence[Mapping[str, Any]],
    expected: NDArray[np.float64],
    answered: NDArray[np.float64],
    policy: Policy,
) -> Verdict:
    difference = np.abs(answered - expected) / max(1.0, float(np.abs(expected).max()))
    per_example = difference.reshape(len(expected), -1).max(axis=1)
    worst = int(per_example.argmax())
    largest = float(per_example[worst])
    wrong = int((per_example > policy.tolerance).sum())
    details = {
        "examples": len(expected),
        "wrong": wrong,
        "largest": largest,
        "worst": {
            "example": worst + 1,
            "instance": dict(instances[worst]),
            "expected": expected[worst].tolist(),
            "answered": answered[worst].tolist(),
        },
    }
    measured = f"{largest:.2g} on {len(expected)} examples"
    required = f"largest difference ≤ {policy.tolerance:g} on every example"
    if not wrong:
        why = "the bento answers as the trained model did"
        return Verdict(GATE, "pass", measured, required, why, details)
    instance = json.dumps(dict(instances[worst]), ensure_ascii=False, default=str)
    why = (
        f"{wrong} of {len(expected)} examples differ; the worst is example {worst + 1}: "
        f"{answered[worst].tolist()} instead of {expected[worst].tolist()} for {instance[:300]}"
    )
    return Verdict(GATE, "fail", measured, required, why, details)
