"""Bring a candidate before the gates: find the champion, lay out the data, judge, report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from delivery.context import Context
from delivery.errors import HeldError, RefusedError
from delivery.evidence.quality.holdout_reuse import look
from delivery.evidence.supply_chain.inspection import inspect_bento
from delivery.evidence.supply_chain.weaknesses import weaknesses
from delivery.gates.quality import holdout_reuse as looks
from delivery.gates.verdict import Verdict, blocking, overridden
from delivery.judgement.judge import Exam, Judgement, Subject, judge_candidate
from delivery.judgement.rivals import find_rivals
from delivery.release.candidate import MODEL, Candidate, data
from delivery.report import write
from delivery.settings.overrides import NO_APPEAL, Appeal
from delivery.state.snapshot import Snapshot
from serving.contract import CARD

CARD_LENGTH = 10_000  # characters that a report shows


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement, where its report lies, and what a person said for the candidate."""

    judgement: Judgement
    report: Path
    appeal: Appeal = NO_APPEAL


def judge(
    context: Context,
    snapshot: Snapshot,
    candidate: Candidate,
    appeal: Appeal,
    *about: Verdict,
) -> Judged:
    """Look inside the candidate, and compare it with the champion that main says is in production.

    `about` are verdicts on what is not in its bytes: who signed it, and where it may run.
    """
    policy = snapshot.settings.gates
    exam, opponent = _exam(context, snapshot, candidate, appeal)
    subject = Subject(candidate.bento.id, candidate.bento.path)
    # Before anything is seen: a command that is killed after it has looked all the same.
    looked = look(context.repository, exam.data, subject.model, candidate.contract.roles)
    judgement = judge_candidate(
        subject,
        opponent,
        exam,
        policy,
        context.workspace,
        context.progress,
    )
    inside = (
        *inspect_bento(candidate, policy),
        *weaknesses(context, snapshot, candidate, policy),
    )
    outside = (looks.judge(looked, policy.looks), *about)
    verdicts = overridden((*judgement.verdicts, *inside, *outside), appeal.overrides)
    evidence = {**judgement.evidence, "card": _card(candidate)}
    judgement = replace(judgement, verdicts=verdicts, evidence=evidence)
    folder = context.workspace / "reports" / candidate.bento.id
    return Judged(judgement, write(judgement, folder).html, appeal)


def _exam(
    context: Context, snapshot: Snapshot, candidate: Candidate, appeal: Appeal
) -> tuple[Exam, Subject | None]:
    """What the candidate is asked, and the champion that is asked the same, if there is one."""
    own = data(context, candidate.commit)
    rivals = find_rivals(context, snapshot, candidate.bento.id, snapshot.settings.gates.best)
    champion = snapshot.champion()
    if not champion.exists:
        return Exam(own, None, retrain=False, reason=appeal.reason, rivals=rivals), None
    record = snapshot.record(champion.release)
    exam = Exam(
        own,
        data(context, record.made_from.commit, held_by=champion.release),
        retrain=record.made_from.recipe == candidate.source.recipe,
        reason=appeal.reason,
        rivals=rivals,
    )
    return exam, Subject(champion.release, context.bento(snapshot, champion.release))


def _card(candidate: Candidate) -> str:
    """What the model's author says about it; empty where nothing is said."""
    try:
        text = (candidate.bento.path / "src" / MODEL / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    return text[:CARD_LENGTH]


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
