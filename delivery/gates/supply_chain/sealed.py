"""What ships was fitted where the holdout could not be read: fitted again so, it is the same model.

A statement of the machine that trained says how the stages ran, and whoever trains can write it.
So a job fits again. Same bytes show that `fit` needs nothing but what a sealed stage reads; on
another platform, where last bits differ, equal scores on the holdout show the same. A training
that main's code sealed in a job without keys is attested by the next job, and need not be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from pydantic import Field

from delivery.gates.verdict import Status, Verdict
from serving.strict import Strict

GATE = "sealed"
LOOK_AT = (
    "look at what model/ reads beside its rows (data, time, environment, unseeded chance, "
    "threads), and train anew by `dvc repro --force train`"
)


class Policy(Strict):
    """`minutes`: how long fitting and exporting again may take."""

    minutes: float = Field(default=30, gt=0)


@dataclass(frozen=True)
class Refit:
    """A model that was fitted again, sealed. `same`: all of its files are. Otherwise `distance` is
    the largest difference of its scores on the holdout, on the scale of the gate parity, and None
    where they could not be compared. `elsewhere` says in what the platform differs from that of
    the training, or that nobody knows it; empty where it is the same."""

    same: bool
    distance: float | None = None
    tolerance: float = 0.0
    elsewhere: str = ""


@dataclass(frozen=True)
class Evidence:
    """`stated` is what the statements of the training say: stage → what the kernel limited.
    `doubts` are the ways in which they contradict what dvc.lock names. `refit` is None where
    nothing was fitted again: `refused` says why the stages could not run sealed, `missing` why they
    were not run. `upstream` is the environment for which the same bytes passed this gate.
    `attested` is who signed that main's code sealed the training, `unattested` why a signed
    statement that is there does not count."""

    stated: Mapping[str, Sequence[str]] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    refit: Refit | None = None
    refused: str = ""
    missing: str = ""
    in_job: bool = False
    upstream: str = ""
    attested: str = ""
    unattested: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass on the same model, fail on another one; a person's machine does not fit again."""
    required = f"attested, or fitted again within {policy.minutes:g} minutes: the same model"
    status, measured, why = _decide(evidence)
    if status != "pass" and evidence.unattested:
        why = f"{why}; {evidence.unattested}"
    details = {
        "level": _level(evidence) if status == "pass" else None,
        "stated": {stage: list(held) for stage, held in evidence.stated.items()},
        "refit": asdict(evidence.refit) if evidence.refit else None,
    }
    return Verdict(GATE, status, measured, required, why, details)


def _level(evidence: Evidence) -> str:
    """By what a model passed."""
    if evidence.upstream:
        return f"as for {evidence.upstream}"
    return "attested" if evidence.attested else "refitted"


def _decide(evidence: Evidence) -> tuple[Status, str, str]:
    if evidence.upstream:
        return "pass", f"as for {evidence.upstream}", "the same bytes passed there"
    if evidence.attested:
        return "pass", f"attested by {evidence.attested}", "main's code sealed the training"
    if evidence.doubts:
        advice = "train anew by `dvc repro --force train`"
        return "hold", _stated(evidence), f"{'; '.join(evidence.doubts)}: {advice}"
    if evidence.refused:
        return "fail", "not fitted", f"no sealed stage makes this model: {evidence.refused}"
    if evidence.refit is None:
        status: Status = "hold" if evidence.in_job else "not checked"
        return status, _stated(evidence), evidence.missing
    return _compare(evidence.refit)


def _compare(refit: Refit) -> tuple[Status, str, str]:
    if refit.same:
        return "pass", "refitted: the same bytes", "fit needs train and validation alone"
    if refit.distance is None:
        return "hold", "refitted: other bytes", f"the scores could not be compared; {LOOK_AT}"
    measured = f"refitted: scores differ by {refit.distance:.2g}"
    if refit.distance <= refit.tolerance:  # NaN is not
        return "pass", measured, f"within {refit.tolerance:g}, as parity asks"
    if refit.elsewhere:
        why = f"another platform ({refit.elsewhere}) may be the reason; otherwise {LOOK_AT}"
        return "hold", measured, why
    return "fail", measured, f"a sealed fit gives another model on the same platform: {LOOK_AT}"


def _stated(evidence: Evidence) -> str:
    """What the machine that trained says of itself."""
    if not evidence.stated:
        return "no statement of the training"
    open_stages = [stage for stage, held in evidence.stated.items() if not held]
    if open_stages:
        return f"its statement: {', '.join(open_stages)} ran unsealed"
    held = sorted({part for parts in evidence.stated.values() for part in parts})
    return f"its statement: sealed ({', '.join(held)})"
