"""How a candidate's model was fitted: what the training says of itself, and the model fitted again.

Only jobs fit again. There the code of a commit runs sealed or not at all: a job may hold keys.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from delivery.bento.digest import file_hashes, file_sha256
from delivery.errors import DeliveryError, HeldError, InputError, StoreError
from delivery.evidence.supply_chain.refit import STAGES, Refitting, UnrepeatableError
from delivery.evidence.trial import Trial
from delivery.gates.service import parity
from delivery.gates.supply_chain.sealed import GATE, Evidence, Policy, Refit
from delivery.release.candidate import outputs

STATEMENTS = "artifacts/sealed"
MODEL, DATA, TRAINED = "artifacts/model/", "artifacts/data/", "artifacts/trained/"
A_JOB_DOES = "a job fits it again; this machine's word is none to others"
Statements = Mapping[str, Mapping[str, Any]]  # by stage


def gather(trial: Trial) -> Evidence:
    """Of the commit that the candidate was made from."""
    upstream = _passed_upstream(trial)
    if upstream:
        return Evidence(upstream=upstream)
    submission = trial.submitted
    statements = _statements(trial)
    evidence = Evidence(
        stated={stage: tuple(said.get("held", ())) for stage, said in statements.items()},
        doubts=tuple(_doubts(trial, statements)),
        in_job=submission.checkout.surroundings.in_job,
        missing=A_JOB_DOES,
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


def _statements(trial: Trial) -> Statements:
    """What the stages of the commit say; nothing of a commit from before stages said anything, or
    whose statements the store has lost."""
    checkout, commit = trial.submitted.checkout, trial.submitted.candidate.commit
    locked = outputs(checkout.repository, commit)
    said = {}
    with tempfile.TemporaryDirectory() as folder:
        for stage in STAGES:
            path = f"{STATEMENTS}/{stage}.json"
            if path in locked:
                try:
                    file = checkout.store.get(commit, path, Path(folder) / f"{stage}.json")
                    said[stage] = json.loads(file.read_text(encoding="utf-8"))
                except (StoreError, ValueError):
                    continue
    return {stage: content for stage, content in said.items() if isinstance(content, dict)}


def _doubts(trial: Trial, statements: Statements) -> Iterator[str]:
    """Files of which the statements name other bytes than dvc.lock and git do."""
    if not statements:
        return
    known = {f"{MODEL}{name}": sha256 for name, sha256 in file_hashes(trial.bento.model).items()}
    for split in ("train", "validation"):
        known[f"{DATA}{split}.parquet"] = file_sha256(trial.evaluation.data / f"{split}.parquet")
    known |= {
        name: sha256
        for name, sha256 in statements.get("train", {}).get("wrote", {}).items()
        if name.startswith(TRAINED)
    }
    for stage, said in statements.items():
        for name, sha256 in {**said.get("read", {}), **said.get("wrote", {})}.items():
            expected = known.get(name) or _of_the_commit(trial, name)
            if expected is not None and expected != sha256:
                yield f"the statement of {stage} is about another {name}"


def _of_the_commit(trial: Trial, name: str) -> str | None:
    """The hash of a file of model/ as git has it."""
    submission = trial.submitted
    if not name.startswith("model/"):
        return None
    content = submission.checkout.repository.blob(submission.candidate.commit, name)
    return None if content is None else hashlib.sha256(content).hexdigest()


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
