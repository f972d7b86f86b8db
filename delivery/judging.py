"""Bring a candidate before the gates: find the champion, lay out the data, judge, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from delivery.candidate import Candidate, data
from delivery.context import Context
from delivery.errors import HeldError, RefusedError
from delivery.gates.policy import GatesPolicy
from delivery.gates.verdict import blocking
from delivery.judge import Exam, Judgement, Subject, judge_candidate
from delivery.report import write
from delivery.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement and where its report lies."""

    judgement: Judgement
    report: Path


def judge(
    context: Context, snapshot: Snapshot, candidate: Candidate, policy: GatesPolicy, reason: str
) -> Judged:
    """Compare the candidate with the champion that main says is in production."""
    champion = snapshot.champion()
    exam = Exam(data=data(context, candidate.commit), base_data=None, retrain=False, reason=reason)
    opponent = None
    if champion.exists:
        record = snapshot.record(champion.release)
        opponent = Subject(champion.release, context.bento(snapshot, champion.release))
        exam = Exam(
            data=exam.data,
            base_data=data(context, record.made_from.commit, held_by=champion.release),
            retrain=record.made_from.recipe == candidate.source.recipe,
            reason=reason,
        )
    judgement = judge_candidate(
        Subject(candidate.bento.id, candidate.bento.path),
        opponent,
        exam,
        policy,
        context.workspace,
        context.progress,
    )
    folder = context.workspace / "reports" / candidate.bento.id
    return Judged(judgement, write(judgement, folder).html)


def require_pass(judged: Judged, what: str) -> None:
    """RefusedError or HeldError, naming each gate that blocks."""
    blocked = blocking(judged.judgement.verdicts)
    if not blocked:
        return
    lines = [
        f"{verdict.gate} ({verdict.status}): {verdict.why}; measured: {verdict.measured}; "
        f"required: {verdict.required}"
        for verdict in blocked
    ]
    text = f"{what} is blocked by " + "; ".join(lines) + f". The report: {judged.report}"
    if any(verdict.status == "fail" for verdict in blocked):
        raise RefusedError(text)
    raise HeldError(text)
