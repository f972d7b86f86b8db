"""A candidate's case: who is judged against whom, on what, and how both did."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from delivery.bento.temporary import Subject
from delivery.errors import HeldError, InputError
from delivery.evidence.evaluation import Exam, Holdout, read_holdout, read_labels, read_split
from delivery.evidence.integrity import conflicts
from delivery.evidence.predictions import Asked, Interview
from delivery.evidence.quality import data as profile
from delivery.evidence.quality.robustness import Pupil, Robustness
from delivery.evidence.reported.drift import drift
from delivery.evidence.reported.importance import importance
from delivery.evidence.reported.summary import Sides, side_by_side
from delivery.gates.numbers.metrics import dummy_scores
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.numbers.recalibration import recalibrate
from delivery.gates.policy import GatesPolicy
from delivery.gates.quality import baseline, calibration, champion, data, robustness
from delivery.gates.service import contract
from delivery.gates.verdict import Verdict
from serving.contract import Contract, ContractError, read_contract

Made = tuple[Path, Contract]  # the data that a model was made from, and its contract


@dataclass(frozen=True)
class Scored:
    """The holdout and both scores; no holdout where it cannot be read, and `missing` says why."""

    holdout: Holdout | None
    candidate: Asked
    reference: Asked
    conflicts: tuple[str, ...] = ()

    def judged(self, exam: Exam) -> dict[str, Any]:
        if self.holdout is None:
            return {"holdout_sha256": None}
        return {
            "holdout_sha256": self.holdout.sha256,
            "rows": len(self.holdout),
            "first": self.holdout.first,
            "last": self.holdout.last,
            "retrain": exam.retrain,
            "reason": exam.reason,
        }


@dataclass(frozen=True)
class Compared:
    """Both models on the same rows; None where that cannot be, and `missing` says why."""

    sides: Sides | None
    missing: str = ""

    def judged(self) -> dict[str, float]:
        """What later releases find in the record of this one."""
        if self.sides is None:
            return {}
        found = self.sides.losses()
        losses = {"loss": found.candidate, "champion_loss": found.reference}
        return {
            name: float(values.mean())
            for name, values in losses.items()
            if np.isfinite(values).all()
        }

    def calibration(self, *, first: bool) -> calibration.Evidence:
        """What both would gain by recalibration. Scores that are not finite gain nothing known."""
        sides = self.sides
        if sides is None:
            return calibration.Evidence(None, first=first, missing=self.missing)
        both = sides.candidate, sides.reference
        if not all(np.isfinite(scores).all() for scores in both):
            missing = "some scores are not finite"
            return calibration.Evidence(None, first=first, missing=missing)
        own, other = (recalibrate(sides.task, sides.holdout.labels, scores) for scores in both)
        losses = sides.losses()
        return calibration.Evidence(
            gains=PairedLosses(losses.metric, own.gains, other.gains, losses.clusters),
            loss=float(losses.reference.mean()),
            first=first,
            shown={
                "candidate": {"intercept": own.intercept, "slope": own.slope},
                "reference": {"intercept": other.intercept, "slope": other.slope},
            },
        )


@dataclass(frozen=True)
class Case:
    """Who is judged against whom, on what, by which policy."""

    subject: Subject
    opponent: Subject | None
    exam: Exam
    policy: GatesPolicy

    def contracts(self) -> contract.Evidence:
        return contracts(self.subject, self.opponent)

    def data(self) -> data.Evidence:
        """What the candidate was made from, and what the champion was."""
        own, base = self._data()
        if self.opponent and base is None:
            return data.Evidence(None)
        return profile.evidence(own, base)

    def _data(self) -> tuple[Made, Made | None]:
        own, folder = (self.exam.data, contract_of(self.subject)), self.exam.base_data
        return own, (folder, contract_of(self.opponent)) if self.opponent and folder else None

    def scored(self, desk: Interview) -> Scored:
        """Score the holdout with both, side by side."""
        own = contract_of(self.subject)
        other = contract_of(self.opponent) if self.opponent else None
        try:
            holdout = read_holdout(self.exam, own, other)
            reference = None if other else self._dummy(own, holdout)
            found = conflicts(self.exam, own.roles) if other else ()
        except HeldError as error:
            missing = Asked(None, str(error))
            return Scored(None, missing, missing)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(desk.holdout, self.subject, own, holdout)
            if self.opponent and other:
                reference = pool.submit(desk.holdout, self.opponent, other, holdout).result()
            return Scored(holdout, first.result(), reference or Asked(None), found)

    def _dummy(self, own: Contract, holdout: Holdout) -> Asked:
        file = self.exam.data / "train.parquet"
        labels = read_labels(read_split(self.exam.data, "train"), own, file)
        classes = len(own.classes or ())
        return Asked(dummy_scores(own.task, labels, len(holdout), classes))

    def sides(self, scored: Scored) -> Compared:
        """Both scores beside each other, if there are both."""
        missing = scored.candidate.missing or scored.reference.missing
        scores, others = scored.candidate.scores, scored.reference.scores
        if scored.holdout is None or scores is None or others is None:
            return Compared(None, missing)
        if scores.shape != others.shape:
            return Compared(None, f"scores have shapes {scores.shape} and {others.shape}")
        kind = "champion" if self.opponent else "baseline"
        own = contract_of(self.subject)
        return Compared(Sides(own, scored.holdout, scores, others, kind))

    def quality(self, scored: Scored, compared: Compared) -> Verdict:
        """The verdict of the baseline or of the champion gate."""
        losses = compared.sides.losses() if compared.sides else None
        if self.opponent is None:
            evidence = baseline.Evidence(losses, compared.missing)
            return baseline.judge(evidence, self.policy.baseline)
        return champion.judge(
            champion.Evidence(
                losses=losses,
                missing=compared.missing,
                segments=scored.holdout.segments if scored.holdout else {},
                trained_until=contract_of(self.opponent).trained_until,
                holdout_from=scored.holdout.first if scored.holdout else None,
                conflicts=scored.conflicts,
                retrain=self.exam.retrain,
                reason=self.exam.reason,
            ),
            self.policy.champion,
        )

    def calibration(self, compared: Compared) -> Verdict:
        """The verdict of the calibration gate."""
        evidence = compared.calibration(first=self.opponent is None)
        return calibration.judge(evidence, self.policy.calibration)

    def robustness(self, desk: Interview, compared: Compared) -> Verdict:
        """The verdict of the robustness gate."""
        sides, limits = compared.sides, self.policy.robustness
        if sides is None:
            missing = robustness.Evidence(None, missing=compared.missing)
            return robustness.judge(missing, limits)
        asked = Robustness(desk, limits, sides, self._pupils(sides))
        return robustness.judge(asked.evidence(), limits)

    def _pupils(self, sides: Sides) -> tuple[Pupil, ...]:
        own = Pupil(self.subject, contract_of(self.subject), sides.candidate)
        if self.opponent is None:
            return (own,)
        return (own, Pupil(self.opponent, contract_of(self.opponent), sides.reference))

    def explained(self, desk: Interview, compared: Compared) -> dict[str, Any]:
        """What no gate judges: the inputs that both lean on, and how their training data differ."""
        found: dict[str, Any] = {}
        if compared.sides is not None:
            sides = compared.sides
            found["importance"] = importance(desk, sides, self._pupils(sides))
        own, base = self._data()
        if base is not None:
            found["data_drift"] = drift(own, base)
        return found

    def shown(self, compared: Compared) -> dict[str, Any]:
        """What a report shows of the comparison."""
        limits = self.policy.champion
        if compared.sides is None:
            return {}
        return side_by_side(compared.sides, limits.slice_rows, limits.slice_margin)


def contract_of(subject: Subject) -> Contract:
    try:
        return read_contract(subject.model)
    except ContractError as error:
        raise InputError(f"{subject.release}: {error}") from error


def contracts(subject: Subject, previous: Subject | None) -> contract.Evidence:
    other = contract_of(previous) if previous else None
    return contract.Evidence(contract_of(subject), other, first=previous is None)
