"""The candidate on the holdout, and its recipe on validation: two exams."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from delivery.errors import HeldError, StoreError
from delivery.evidence.holdout import read_labels
from delivery.evidence.quality.copied_rows import clusters
from delivery.evidence.table import read_split
from delivery.evidence.trial import Trial
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.numbers.metrics import LOSS_NAMES, dummy_scores, losses
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality.too_good import Evidence
from delivery.storage.dvc_lock import outputs

SCORES = "artifacts/evaluation/scores.parquet"
BEFORE = "its evaluation kept no scores of validation; `dvc repro` writes them"


def gather(trial: Trial) -> Evidence | None:
    """None where a bento is tried out that no commit has."""
    if trial.submission is None:
        return None
    if trial.paired is None:
        return Evidence(None, None, trial.missing)
    try:
        scores = _validation_scores(trial)
        if scores is None:
            return Evidence(None, None, BEFORE)
        own = replace(trial.paired.losses, reference=_dummy(trial, "holdout"))
        return Evidence(own, _validation(trial, scores))
    except (HeldError, StoreError) as error:
        return Evidence(None, None, str(error))


def _validation_scores(trial: Trial) -> Floats | None:
    """What the model that had not seen validation answered, [rows] or [rows, classes]; None of a
    commit from before that was kept."""
    checkout, commit = trial.submitted.checkout, trial.submitted.candidate.commit
    if SCORES not in outputs(checkout.repository, commit):
        return None
    with tempfile.TemporaryDirectory() as folder:
        table = pq.read_table(checkout.store.get(commit, SCORES, Path(folder) / "scores.parquet"))
    scores: Floats = np.stack([values.to_numpy() for values in table.columns], axis=1)
    return scores[:, 0] if scores.shape[1] == 1 else scores


def _validation(trial: Trial, scores: Floats) -> PairedLosses:
    """Raises HeldError where the scores are of other rows."""
    folder, contract = trial.evaluation.data, trial.bento.contract
    table = read_split(folder, "validation")
    labels = read_labels(table, contract, folder / "validation.parquet")
    if len(scores) != len(labels):
        raise HeldError(f"{SCORES} has {len(scores)} rows, validation {len(labels)}")
    return PairedLosses(
        metric=LOSS_NAMES[contract.task],
        candidate=losses(contract.task, labels, scores),
        reference=_dummy(trial, "validation"),
        clusters=clusters(table, contract.roles, folder),
    )


def _dummy(trial: Trial, split: str) -> Floats:
    """The losses of a dummy that knows the labels of training rows."""
    folder, contract = trial.evaluation.data, trial.bento.contract
    train, labels = (
        read_labels(read_split(folder, name), contract, folder / f"{name}.parquet")
        for name in ("train", split)
    )
    scores = dummy_scores(contract.task, train, len(labels), len(contract.classes or ()))
    return losses(contract.task, labels, scores)
