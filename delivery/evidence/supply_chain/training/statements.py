"""What sealed stages said of themselves, held against what git and dvc.lock name."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from delivery.bento.digest import file_hashes, file_sha256
from delivery.errors import StoreError
from delivery.evidence.trial import Trial
from delivery.release.training import STAGES
from delivery.storage.dvc_lock import outputs

STATEMENTS = "artifacts/sealed"
MODEL, DATA, TRAINED = "artifacts/model/", "artifacts/data/", "artifacts/trained/"
Statements = Mapping[str, Mapping[str, Any]]  # by stage


def statements_of(trial: Trial) -> Statements:
    """What the stages of the commit say; nothing of a commit from before stages said anything, or
    whose statements the store has lost."""
    checkout, commit = trial.submitted.checkout, trial.submitted.candidate.commit
    locked = outputs(checkout.repository, commit)
    statements = {}
    with tempfile.TemporaryDirectory() as folder:
        for stage in STAGES:
            path = f"{STATEMENTS}/{stage}.json"
            if path in locked:
                try:
                    file = checkout.store.get(commit, path, Path(folder) / f"{stage}.json")
                    statements[stage] = json.loads(file.read_text(encoding="utf-8"))
                except (StoreError, ValueError):
                    continue
    return {stage: content for stage, content in statements.items() if isinstance(content, dict)}


def doubts(trial: Trial, statements: Statements) -> Iterator[str]:
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
