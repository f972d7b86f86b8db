"""A candidate's case: who is judged against whom, on what, and how both did."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from delivery.conflicts import conflicts
from delivery.errors import HeldError, InputError
from delivery.evidence import Sides, side_by_side
from delivery.exam import Exam, Holdout, read_holdout, read_labels, read_split
from delivery.gates import baseline, champion, contract
from delivery.gates.policy import GatesPolicy
from delivery.gates.verdict import Verdict
from delivery.interview import Asked, Interview
from delivery.metrics import dummy_scores
from delivery.servers import Subject
from serving.contract import Contract, ContractError, read_contract


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
class Case:
    """Who is judged against whom, on what, by which policy."""

    subject: Subject
    opponent: Subject | None
    exam: Exam
    policy: GatesPolicy

    def contracts(self) -> contract.Evidence:
        return contracts(self.subject, self.opponent)

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

    def quality(self, scored: Scored) -> tuple[Verdict, dict[str, Any]]:
        """The verdict of the baseline or of the champion gate, and what a report shows of it."""
        own = contract_of(self.subject)
        kind = "champion" if self.opponent else "baseline"
        missing = scored.candidate.missing or scored.reference.missing
        sides = None
        scores, others = scored.candidate.scores, scored.reference.scores
        if scored.holdout is not None and scores is not None and others is not None:
            if scores.shape == others.shape:
                sides = Sides(own, scored.holdout, scores, others, kind)
            else:
                missing = f"scores have shapes {scores.shape} and {others.shape}"
        limits = self.policy.champion
        shown = side_by_side(sides, limits.slice_rows, limits.slice_margin) if sides else {}
        losses = sides.losses() if sides else None
        if self.opponent is None:
            return baseline.judge(baseline.Evidence(losses, missing), self.policy.baseline), shown
        evidence = champion.Evidence(
            losses=losses,
            missing=missing,
            segments=scored.holdout.segments if scored.holdout else {},
            trained_until=contract_of(self.opponent).trained_until,
            holdout_from=scored.holdout.first if scored.holdout else None,
            conflicts=scored.conflicts,
            retrain=self.exam.retrain,
            reason=self.exam.reason,
        )
        return champion.judge(evidence, limits), shown


def contract_of(subject: Subject) -> Contract:
    try:
        return read_contract(subject.model)
    except ContractError as error:
        raise InputError(f"{subject.release}: {error}") from error


def contracts(subject: Subject, previous: Subject | None) -> contract.Evidence:
    other = contract_of(previous) if previous else None
    return contract.Evidence(contract_of(subject), other, first=previous is None)
