"""How a candidate's model was fitted: what the training says of itself, and the model fitted again.

A training that main's code sealed, and whose statement somebody signed who may, is believed. Of
others only jobs fit again. There the code of a commit runs sealed or not at all: a job may hold
keys.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from delivery.bento.digest import file_hashes
from delivery.errors import DeliveryError, HeldError, InputError
from delivery.evidence.supply_chain.training.attested import attested
from delivery.evidence.supply_chain.training.refit import Refitting, UnrepeatableError
from delivery.evidence.supply_chain.training.statements import Statements, doubts, statements_of
from delivery.evidence.trial import Trial
from delivery.gates.service import parity
from delivery.gates.supply_chain.sealed import GATE, Evidence, Policy, Refit

A_JOB_DOES = "a job fits it again; this machine's word is none to others"


def gather(trial: Trial) -> Evidence:
    """Of the commit that the candidate was made from."""
    upstream = _passed_upstream(trial)
    if upstream:
        return Evidence(upstream=upstream)
    signer, unattested = attested(trial)
    if signer:
        return Evidence(attested=signer)
    submission = trial.submitted
    statements = statements_of(trial)
    evidence = Evidence(
        stated={stage: tuple(said.get("held", ())) for stage, said in statements.items()},
        doubts=tuple(doubts(trial, statements)),
        in_job=submission.checkout.surroundings.in_job,
        missing=A_JOB_DOES,
        unattested=unattested,
    )
    if evidence.doubts or not evidence.in_job:
        return evidence
    return _fitted_again(trial, statements, evidence)


def _passed_upstream(trial: Trial) -> str:
    """The environment before the one asked for, where main's evidence says that these bytes
    passed; empty where it does not."""
    submission = trial.submitted
    name = submission.environment.upstream
    if name is None:
        return ""
    attempt = submission.snapshot.attempt(name)
    file = submission.snapshot.evidence(name, attempt.commit)
    if file is None or file.judged is None:
        return ""
    same = file.judged.candidate_sha256 == trial.bento.sha256
    passed = any(line.gate == GATE and line.status == "pass" for line in file.verdicts)
    return name if same and passed else ""


def _fitted_again(trial: Trial, statements: Statements, evidence: Evidence) -> Evidence:
    """With what came of fitting again, or why nothing did."""
    submission, policy = trial.submitted, trial.policy.of(Policy)
    checkout, commit = submission.checkout, submission.candidate.commit
    work = checkout.workspace / "work"
    work.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="refit-", dir=work))
    try:
        refitting = Refitting(checkout, commit, trial.evaluation.data, folder)
        refitting.run(policy.minutes)
        return replace(evidence, refit=_compared(trial, statements, refitting))
    except UnrepeatableError as error:
        return replace(evidence, refused=str(error))
    except DeliveryError as error:
        return replace(evidence, missing=str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _compared(trial: Trial, statements: Statements, refitting: Refitting) -> Refit:
    if file_hashes(refitting.model) == file_hashes(trial.bento.model):
        return Refit(same=True)
    then = str(statements.get("train", {}).get("platform", ""))
    now = str(refitting.statement.get("platform", ""))
    return Refit(
        same=False,
        distance=_distance(trial, refitting),
        tolerance=trial.policy.of(parity.Policy).tolerance,
        elsewhere="" if then == now else f"trained on {then or 'an unknown one'}, here {now}",
    )


def _distance(trial: Trial, refitting: Refitting) -> float | None:
    """How far the scores of the holdout are apart."""
    paired = trial.paired
    if paired is None:
        return None
    try:
        answer = trial.predictions.holdout(refitting.bento(), paired.holdout)
    except (HeldError, InputError):
        return None
    if answer.scores is None or answer.scores.shape != paired.candidate.shape:
        return None
    largest = max(1.0, float(np.abs(paired.candidate).max()))
    return float(np.abs(answer.scores - paired.candidate).max()) / largest
