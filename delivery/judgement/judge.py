"""Gather the evidence about a candidate, or about what is live, and put it to the gates.

Orchestration only: bentos are asked over HTTP, gates are pure functions. Scores and passed load
measurements are kept under the workspace by content, so judging the same bytes again takes
seconds and starts no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from delivery.bento.client import read_examples, score_rows
from delivery.bento.digest import content_sha256, file_hashes
from delivery.bento.server import DEFAULTS
from delivery.bento.temporary import Progress, Servers, Subject
from delivery.errors import HeldError, TargetError
from delivery.evidence.evaluation import Exam
from delivery.evidence.predictions import Interview, parity_evidence, policy_sha256
from delivery.evidence.quality import behaviour as behaviours
from delivery.evidence.quality.best import compare_with
from delivery.evidence.service.load import measure
from delivery.evidence.service.security import Victim, attacked
from delivery.evidence.trial import Case, contract_of, contracts
from delivery.gates.policy import GatesPolicy
from delivery.gates.quality import behaviour, best, data
from delivery.gates.service import contract, load, parity, security, smoke
from delivery.gates.verdict import Verdict, blocking
from serving.contract import EXAMPLES
from serving.settings.service import ServingSettings

__all__ = ["Exam", "Judgement", "Subject", "judge_candidate", "judge_live"]


@dataclass(frozen=True)
class Judgement:
    """Verdicts and what they rest on. `evidence` is JSON only, for reports and records;
    `evidence["judged"]` names the hashes of everything that was judged."""

    verdicts: tuple[Verdict, ...]
    candidate: str
    champion: str | None
    evidence: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "candidate": self.candidate,
            "champion": self.champion,
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
            "evidence": self.evidence,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Judgement:
        """The inverse of `to_json`."""
        return cls(
            verdicts=tuple(Verdict(**verdict) for verdict in content["verdicts"]),
            candidate=content["candidate"],
            champion=content["champion"],
            evidence=dict(content["evidence"]),
        )


def judge_candidate(
    candidate: Subject,
    champion: Subject | None,
    exam: Exam,
    policy: GatesPolicy,
    workspace: Path,
    progress: Progress,
) -> Judgement:
    """The proposed gates that ask the candidate: what it knows, how it behaves, how fast it is.

    Raises:
        InputError: a bento without a readable contract.
        TargetError: a bento does not start, or does not answer what it is asked.
    """
    case = Case(candidate, champion, exam, policy)
    with Servers(workspace, progress) as servers:
        desk = Interview(workspace, servers)
        scored = case.scored(desk)
        compared = case.sides(scored)
        robust = case.robustness(desk, compared)
        before = compare_with(desk, exam.rivals, compared.sides)
        explained = case.explained(desk, compared)
        answers = desk.examples(candidate)
        behaved = behaviours.evidence(desk, candidate, champion)
        under_load = desk.load(candidate, policy.load)
        beside = desk.beside(candidate, champion, policy.latency)
    verdicts = (
        case.quality(scored, compared),
        case.calibration(compared),
        behaviour.judge(behaved, policy.behaviour),
        robust,
        best.judge(before, policy.best),
        data.judge(case.data(), policy.data),
        parity.judge(answers, policy.parity),
        contract.judge(case.contracts(), policy.contract),
        under_load,
        beside,
    )
    judged = _judged(candidate, champion, policy) | scored.judged(exam) | compared.judged()
    evidence = {"judged": judged, **case.shown(compared), **explained}
    return Judgement(verdicts, candidate.release, champion.release if champion else None, evidence)


def judge_live(
    url: str,
    subject: Subject,
    previous: Subject | None,
    policy: GatesPolicy,
    progress: Progress,
    *,
    under_load: bool = True,
    settings: ServingSettings = DEFAULTS,
) -> Judgement:
    """The active gates, asked at `url`: smoke, parity, contract and, `under_load`, security and
    load. `settings` are what it was started with.

    Nothing that is live is answered from a cache.
    """
    progress(f"asking {subject.release} at {url} who it is")
    files = file_hashes(subject.model)
    verdicts = [
        smoke.judge(_introduction(url, subject.release, files), policy.smoke),
        parity.judge(_live_answers(url, subject), policy.parity),
        contract.judge(contracts(subject, previous), policy.contract),
    ]
    if under_load:
        progress(f"trying to break {subject.release}")
        verdicts.append(security.judge(_attacked(url, subject, settings), policy.security))
        verdicts.append(_live_load(url, subject, policy.load, verdicts, progress))
    judged = _judged(subject, previous, policy) | {"url": url}
    release = previous.release if previous else None
    return Judgement(tuple(verdicts), subject.release, release, {"judged": judged})


def _attacked(url: str, subject: Subject, settings: ServingSettings) -> security.Evidence:
    try:
        good = read_examples(subject.model)[0].instance
    except (HeldError, IndexError) as error:
        return security.Evidence((), missing=f"there is no example to begin with: {error}")
    limits = settings.limits
    victim = Victim(contract_of(subject), good, limits.body_bytes, limits.rows)
    return attacked(url, victim, guarded=settings.auth != "none")


def _live_load(
    url: str, subject: Subject, policy: load.Policy, before: list[Verdict], progress: Progress
) -> Verdict:
    """Load on an instance that already failed proves nothing and takes its time."""
    if blocking(before):
        why = "not measured, since another gate blocks already"
        return load.judge(load.Evidence(None, why), policy)
    progress(f"sending load to {url} for {policy.seconds:g} s")
    return load.judge(load.Evidence(measure(url, subject.model / EXAMPLES, policy)), policy)


def _judged(
    subject: Subject, opponent: Subject | None, policy: GatesPolicy
) -> dict[str, str | None]:
    """Evidence is about these bytes and no others."""
    return {
        "candidate": subject.release,
        "candidate_sha256": content_sha256(subject.bento),
        "candidate_trained_until": contract_of(subject).trained_until,
        "champion": opponent.release if opponent else None,
        "champion_sha256": content_sha256(opponent.bento) if opponent else None,
        "champion_trained_until": contract_of(opponent).trained_until if opponent else None,
        "policy_sha256": policy_sha256(policy),
    }


def _introduction(url: str, release: str, files: Mapping[str, str]) -> smoke.Evidence:
    try:
        answer = httpx.get(f"{url}/release", timeout=10.0, trust_env=False)
        answer.raise_for_status()
        content = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return smoke.Evidence(release, files, None, f"{url}/release: {error!r}")
    return smoke.Evidence(release, files, content if isinstance(content, dict) else None)


def _live_answers(url: str, subject: Subject) -> parity.Evidence:
    try:
        examples = read_examples(subject.model)
        answered = score_rows(url, [example.instance for example in examples])
    except (HeldError, TargetError) as error:
        return parity.Evidence((), None, None, str(error))
    return parity_evidence(examples, answered)
