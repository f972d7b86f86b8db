"""Judge a candidate: gather the evidence of each proposed gate, judge it, report.

Evidence that costs time is remembered by content, so that judging the same bytes again takes
seconds and starts no server.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from delivery.bento.bento import Bento
from delivery.bento.temporary import Servers
from delivery.errors import HeldError, RefusedError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.holdout import fetch_splits
from delivery.evidence.predictions import Predictions
from delivery.evidence.reported.drift import drift
from delivery.evidence.reported.importance import importance
from delivery.evidence.reported.summary import side_by_side
from delivery.evidence.trial import Submission, Trial
from delivery.gates.judgement import Judgement
from delivery.gates.quality import champion
from delivery.gates.registry import Command, Gate, gates_at
from delivery.gates.verdict import Verdict, blocking, overridden
from delivery.release.provenance import same_recipe
from delivery.report import write
from delivery.settings.overrides import NO_OVERRIDES, Overrides
from serving.contract import CARD

CARD_LENGTH = 10_000  # characters that a report shows


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement, where its report lies, and what a person said for the candidate."""

    judgement: Judgement
    report: Path
    overrides: Overrides = NO_OVERRIDES


def judge(submission: Submission, overrides: Overrides, command: Command) -> Judged:
    """Judge a candidate against the champion that main says is in production, by main's policy.

    Raises:
        InputError: a bento without a readable contract.
        TargetError: a bento does not start, or does not answer what it is asked.
    """
    checkout, policy = submission.checkout, submission.snapshot.settings.gates
    bento = submission.candidate.bento
    evaluation, reference = _evaluation(submission, overrides)
    with Servers(checkout.workspace, checkout.progress) as servers:
        predictions = Predictions(checkout.workspace, servers)
        trial = Trial(bento, reference, evaluation, policy, predictions, submission)
        gates = gates_at(command, service=submission.environment.settings.serves)
        judgement = judge_trial(trial, gates)
    evidence = {**judgement.evidence, "subject": _subject(submission), "card": _card(bento)}
    verdicts = overridden(judgement.verdicts, overrides.reasons)
    judgement = replace(judgement, verdicts=verdicts, evidence=evidence)
    folder = checkout.workspace / "reports" / bento.id
    return Judged(judgement, write(judgement, folder).html, overrides)


def judge_trial(trial: Trial, gates: Iterable[Gate]) -> Judgement:
    """The verdicts of `gates`, and the figures that a report shows beside them.

    Evidence from servers is gathered by one gate after the other: measurements would disturb each
    other. Evidence from files is gathered side by side.
    """
    gates = tuple(gates)
    from_files = [gate for gate in gates if gate.kind == "supply_chain"]
    verdicts = [_verdict(gate, trial) for gate in gates if gate not in from_files]
    shown = _shown(trial)
    trial.predictions.progress("looking into the bento and its source")
    with ThreadPoolExecutor(2) as pool:
        verdicts += pool.map(lambda gate: _verdict(gate, trial), from_files)
    reference = trial.champion.id if trial.champion else None
    evidence = {"judged": trial.judged(), **shown}
    return Judgement(tuple(v for v in verdicts if v), trial.bento.id, reference, evidence)


def _verdict(gate: Gate, trial: Trial) -> Verdict | None:
    """None where the gate does not apply."""
    evidence = gate.evidence.gather(trial)
    return None if evidence is None else gate.judge(evidence, trial.policy.section(gate.name))


def _shown(trial: Trial) -> dict[str, Any]:
    """What no gate judges: metrics and curves, the inputs that both lean on, how data moved."""
    shown: dict[str, Any] = {}
    if trial.paired is not None:
        limits = trial.policy.of(champion.Policy)
        shown |= side_by_side(trial.paired, limits.slice_rows, limits.slice_margin)
        shown["importance"] = importance(trial, trial.paired)
    if trial.champion_made is not None:
        shown["data_drift"] = drift(trial.made, trial.champion_made)
    return shown


def _evaluation(submission: Submission, overrides: Overrides) -> tuple[Evaluation, Bento | None]:
    """What the candidate is evaluated on, and the champion that main names, if there is one."""
    checkout, snapshot, candidate = submission.checkout, submission.snapshot, submission.candidate
    data = fetch_splits(checkout, candidate.commit)
    wanted = snapshot.champion()
    if not wanted.exists:
        return Evaluation(data, reason=overrides.reason, retrain=False), None
    record = snapshot.record(wanted.release)
    evaluation = Evaluation(
        data,
        fetch_splits(checkout, record.made_from.commit, held_by=wanted.release),
        retrain=same_recipe(checkout.repository, record.made_from, candidate.source),
        reason=overrides.reason,
    )
    return evaluation, Bento(wanted.release, checkout.bento(snapshot, wanted.release))


def _subject(submission: Submission) -> dict[str, str]:
    """What the judgement is about, for people: model, day in UTC, branch (empty for a commit
    alone) and commit."""
    checkout, candidate = submission.checkout, submission.candidate
    branch = checkout.surroundings.environ.get("GITHUB_HEAD_REF", "")
    return {
        "name": candidate.bento.contract.name,
        "date": datetime.now(UTC).date().isoformat(),
        "branch": branch or checkout.repository.run("branch", "--show-current").strip(),
        "commit": candidate.commit,
    }


def _card(bento: Bento) -> str:
    """What the model's author says about it; empty where nothing is said."""
    try:
        text = (bento.model / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    return text[:CARD_LENGTH]


def require_pass(judged: Judged, what: str, *, shown: bool = False) -> None:
    """RefusedError or HeldError, naming each gate that blocks and, unless that was `shown`, why."""
    blocked = blocking(judged.judgement.verdicts)
    if not blocked:
        return
    lines = [f"{verdict.gate} ({verdict.status})" for verdict in blocked]
    if not shown:
        lines = [
            f"{line}: {verdict.why}; measured: {verdict.measured}; required: {verdict.required}"
            for line, verdict in zip(lines, blocked, strict=True)
        ]
    text = f"{what} is blocked by " + "; ".join(lines) + f". The report: {judged.report}"
    if any(verdict.status == "fail" for verdict in blocked):
        raise RefusedError(text)
    raise HeldError(text)
