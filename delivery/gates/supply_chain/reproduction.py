"""A release made anew from raw data must come out the same.

To the byte on the platform that the record names, since that is what was promised. Elsewhere
another processor changes last bits of a training: there predictions and metrics must agree within
a tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "reproduction"
Level = Literal["bytes", "metrics", "off"]  # what a repository promises


class Policy(Strict):
    """How far a release that was made anew may differ, where bytes are not promised.

    `predictions` is a share of the largest answer, or of 1 where all are smaller; `metrics` a
    share of each recorded metric.
    """

    predictions: float = Field(default=0.01, ge=0)
    metrics: float = Field(default=0.01, ge=0)


@dataclass(frozen=True)
class Stage:
    """One stage of a dvc.lock: the hash of each thing that it read, and of each that it wrote."""

    name: str
    read: Mapping[str, str]
    wrote: Mapping[str, str]


@dataclass(frozen=True)
class Evidence:
    """Recorded, and made anew: the stages in the order of the pipeline, the files of the bento
    (path → sha256), the answers to the recorded examples and the metrics.

    `elsewhere` says in what this platform differs from the record's; empty where it does not.
    `bento` and `again_bento` are None where nobody could build it again; `missing` says why
    something was not made. `level` is what the repository promises.
    """

    recorded: Sequence[Stage]
    again: Sequence[Stage]
    elsewhere: tuple[str, ...] = ()
    bento: Mapping[str, str] | None = None
    again_bento: Mapping[str, str] | None = None
    answers: NDArray[np.float64] | None = None
    again_answers: NDArray[np.float64] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    again_metrics: Mapping[str, float] = field(default_factory=dict)
    missing: str = ""
    level: Level = "bytes"


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if every artifact is identical, or, where only that is promised, close enough."""
    by_bytes = evidence.level == "bytes" and not evidence.elsewhere
    required = "every artifact is identical"
    if not by_bytes:
        required = f"predictions within {policy.predictions:g}, metrics within {policy.metrics:.1%}"
    if evidence.missing or not evidence.recorded:
        why = evidence.missing or "dvc.lock names no stage"
        return Verdict(GATE, "hold", "not made anew", required, why)
    count = sum(len(stage.wrote) for stage in evidence.recorded)
    first = first_difference(evidence)
    details = {"elsewhere": list(evidence.elsewhere), "first": first}
    where = f" on another platform ({'; '.join(evidence.elsewhere)})" if evidence.elsewhere else ""
    if not first:
        inside = f" and {len(evidence.bento)} files of the bento" if evidence.bento else ""
        measured = f"identical: {count} artifacts{inside}"
        return Verdict(GATE, "pass", measured, required, f"made anew{where}", details)
    if by_bytes:
        return Verdict(GATE, "fail", "different", required, first, details)
    return _close(evidence, policy, (required, f"{first}{where}", details))


def first_difference(evidence: Evidence) -> str:
    """The first stage that differs and how, or the first file of the bento; empty if none."""
    again = {stage.name: stage for stage in evidence.again}
    for stage in evidence.recorded:
        twin = again.get(stage.name)
        if twin is None:
            return f"stage {stage.name} did not run"
        wrote = _differ(stage.wrote, twin.wrote)
        if wrote:
            read = _differ(stage.read, twin.read)
            how = f"it read another {', '.join(read)}" if read else "from the same inputs"
            return f"stage {stage.name} wrote another {', '.join(wrote)}: {how}"
    if evidence.bento is not None and evidence.again_bento is not None:
        files = _differ(evidence.bento, evidence.again_bento)
        if files:
            return f"every stage is identical, but the bento has another {', '.join(files)}"
    return ""


def _close(evidence: Evidence, policy: Policy, said: tuple[str, str, dict[str, Any]]) -> Verdict:
    required, why, details = said
    predictions = _distance(evidence.answers, evidence.again_answers)
    metrics = dict(_metric_distances(evidence.metrics, evidence.again_metrics))
    worst = max(metrics, key=lambda name: metrics[name], default="")
    details |= {"predictions": predictions, "metrics": metrics}
    if predictions is None or not metrics:
        return Verdict(GATE, "hold", "not compared", required, f"{why}; nothing to compare by")
    measured = f"predictions differ by {predictions:.2g}, {worst} by {metrics[worst]:.2%}"
    # A comparison with NaN is False, so this asks for what has to be true.
    close = predictions <= policy.predictions and metrics[worst] <= policy.metrics
    return Verdict(GATE, "pass" if close else "fail", measured, required, why, details)


def _distance(one: NDArray[np.float64] | None, other: NDArray[np.float64] | None) -> float | None:
    if one is None or other is None or one.shape != other.shape or not one.size:
        return None
    return float(np.abs(one - other).max() / max(1.0, float(np.abs(one).max())))


def _metric_distances(
    one: Mapping[str, float], other: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """Relative differences; infinite where only one side knows a metric."""
    for name in sorted(one.keys() | other.keys()):
        before, now = one.get(name, math.nan), other.get(name, math.nan)
        distance = abs(now - before) / (abs(before) or 1.0)
        yield name, math.inf if math.isnan(distance) else distance


def _differ(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
