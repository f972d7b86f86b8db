"""A candidate on trial: the bento, whom it is compared with, on what, and what both answered.

Gates are judged one after the other and share what is expensive: each property here is found out
once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from delivery.bento.bento import Bento
from delivery.errors import HeldError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.holdout import Holdout, read_holdout, read_labels
from delivery.evidence.predictions import Answer, Predictions, policy_sha256
from delivery.evidence.table import read_split
from delivery.gates.numbers import metrics
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.numbers.metrics import LOSS_NAMES, dummy_scores, flips
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.policy import GatesPolicy
from delivery.gates.supply_chain import signature
from delivery.release.candidate import Candidate
from delivery.settings.policy import Environment
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout
from serving.contract import Contract, Task

Made = tuple[Path, Contract]  # the data that a model was made from, and its contract


@dataclass(frozen=True)
class PairedScores:
    """Scores of both models on the rows of `holdout`. `reference` is what the candidate is
    compared with, `kind` says what that is: a champion or a dummy baseline."""

    contract: Contract
    holdout: Holdout
    candidate: Floats
    reference: Floats
    kind: str

    @property
    def task(self) -> Task:
        return self.contract.task

    @cached_property
    def losses(self) -> PairedLosses:
        """The primary loss of both, row by row."""
        labels = self.holdout.labels
        return PairedLosses(
            metric=LOSS_NAMES[self.task],
            candidate=metrics.losses(self.task, labels, self.candidate),
            reference=metrics.losses(self.task, labels, self.reference),
            clusters=self.holdout.clusters,
        )


@dataclass(frozen=True)
class ModelUnderTest:
    """A bento and its scores of the whole holdout as it is."""

    bento: Bento
    scores: Floats

    @property
    def contract(self) -> Contract:
        return self.bento.contract


@dataclass(frozen=True)
class Submission:
    """Where a candidate comes from, and where it would go. `signature` is the evidence on its
    signature, None where nobody asks for one yet."""

    checkout: Checkout
    snapshot: Snapshot
    candidate: Candidate
    environment: Environment
    signature: signature.Evidence | None = None


@dataclass(frozen=True)
class Trial:
    """`champion` is None for a first release. `submission` is None where a bento is tried out
    that nobody wants to release: gates on where it comes from cannot be judged then."""

    bento: Bento
    champion: Bento | None
    evaluation: Evaluation
    policy: GatesPolicy
    predictions: Predictions
    submission: Submission | None = None

    @property
    def submitted(self) -> Submission:
        assert self.submission is not None, "this gate is about where a candidate comes from"
        return self.submission

    @cached_property
    def holdout(self) -> Holdout | str:
        """The holdout, or why it cannot be read."""
        try:
            champion = self.champion.contract if self.champion else None
            return read_holdout(self.evaluation, self.bento.contract, champion)
        except HeldError as error:
            return str(error)

    @cached_property
    def scores(self) -> PairedScores | str:
        """Both models on the same rows, or why that cannot be."""
        if isinstance(self.holdout, str):
            return self.holdout
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(self.predictions.holdout, self.bento, self.holdout)
            reference, candidate = self._reference(self.holdout), first.result()
        if candidate.scores is None or reference.scores is None:
            return candidate.missing or reference.missing
        shapes = candidate.scores.shape, reference.scores.shape
        if shapes[0] != shapes[1]:
            return f"scores have shapes {shapes[0]} and {shapes[1]}"
        kind = "champion" if self.champion else "baseline"
        contract = self.bento.contract
        return PairedScores(contract, self.holdout, candidate.scores, reference.scores, kind)

    @property
    def paired(self) -> PairedScores | None:
        """Both models on the same rows; None where that cannot be, and `missing` says why."""
        return None if isinstance(self.scores, str) else self.scores

    @property
    def missing(self) -> str:
        """Why there are no scores to compare; empty where there are."""
        return self.scores if isinstance(self.scores, str) else ""

    def models(self, paired: PairedScores) -> tuple[ModelUnderTest, ...]:
        """The candidate, then the champion if there is one."""
        candidate = ModelUnderTest(self.bento, paired.candidate)
        if self.champion is None:
            return (candidate,)
        return candidate, ModelUnderTest(self.champion, paired.reference)

    @property
    def made(self) -> Made:
        """What the candidate was made from."""
        return self.evaluation.data, self.bento.contract

    @property
    def champion_made(self) -> Made | None:
        """What the champion was made from; None where there is none, or its data is not here."""
        folder = self.evaluation.base_data
        return (folder, self.champion.contract) if self.champion and folder else None

    def judged(self) -> dict[str, Any]:
        """What the verdicts are about: hashes of everything that was judged, and the losses that
        later releases find in the record of this one."""
        facts = judged(self.bento, self.champion, self.policy)
        if isinstance(self.holdout, str):
            return facts | {"holdout_sha256": None}
        return facts | {
            "holdout_sha256": self.holdout.sha256,
            "rows": len(self.holdout),
            "first": self.holdout.first,
            "last": self.holdout.last,
            "retrain": self.evaluation.retrain,
            "reason": self.evaluation.reason,
            **(_mean_losses(self.paired) if self.paired else {}),
            **({} if self.flips is None else {"flips": self.flips}),
        }

    @property
    def flips(self) -> float | None:
        """The share of answers on the holdout in which the candidate and its champion differ: a
        shadow shall not find many more. None where they were not compared."""
        paired, champion = self.paired, self.champion
        if paired is None or champion is None:
            return None
        ours = paired.candidate, paired.contract.threshold
        changed = flips(paired.task, ours, (paired.reference, champion.contract.threshold))
        return float(changed.mean())

    def _reference(self, holdout: Holdout) -> Answer:
        """The champion's answers, or those of a dummy that knows how often labels occur."""
        if self.champion is not None:
            return self.predictions.holdout(self.champion, holdout)
        contract = self.bento.contract
        try:
            train = read_split(self.evaluation.data, "train")
            labels = read_labels(train, contract, self.evaluation.data / "train.parquet")
        except HeldError as error:
            return Answer(None, str(error))
        classes = len(contract.classes or ())
        return Answer(dummy_scores(contract.task, labels, len(holdout), classes))


def judged(bento: Bento, reference: Bento | None, policy: GatesPolicy) -> dict[str, Any]:
    """Evidence is about these bytes and no others."""
    return {
        "candidate": bento.id,
        "candidate_sha256": bento.sha256,
        "candidate_trained_until": bento.contract.trained_until,
        "champion": reference.id if reference else None,
        "champion_sha256": reference.sha256 if reference else None,
        "champion_trained_until": reference.contract.trained_until if reference else None,
        "policy_sha256": policy_sha256(policy),
    }


def _mean_losses(paired: PairedScores) -> dict[str, float]:
    losses = {"loss": paired.losses.candidate, "champion_loss": paired.losses.reference}
    return {
        name: float(values.mean()) for name, values in losses.items() if np.isfinite(values).all()
    }
