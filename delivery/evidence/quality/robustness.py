"""Ask both models about disturbed rows of the holdout."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from delivery.errors import HeldError, TargetError
from delivery.evidence.predictions import Predictions
from delivery.evidence.quality.perturbation import common_inputs, disturbed
from delivery.evidence.table import Table, instances
from delivery.evidence.trial import ModelUnderTest, PairedScores, Trial
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.numbers.metrics import losses
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality.robustness import Evidence, Policy

SEED = 0


def gather(trial: Trial) -> Evidence:
    """What each disturbance costs the candidate, and its champion if there is one."""
    paired = trial.paired
    if paired is None:
        return Evidence(None, missing=trial.missing)
    policy, models = trial.policy.of(Policy), trial.models(paired)
    return Disturbances(trial.predictions, policy, paired, models).cost()


@dataclass(frozen=True)
class Disturbances:
    """Asks each of `models` about the same disturbed rows."""

    predictions: Predictions
    policy: Policy
    paired: PairedScores
    models: tuple[ModelUnderTest, ...]  # the candidate, then the champion

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        total = len(self.paired.holdout)
        chosen = np.random.default_rng(SEED).permutation(total)[: self.policy.rows]
        return np.sort(chosen)

    def cost(self) -> Evidence:
        """What each disturbance costs, row by row."""
        first = len(self.models) == 1
        try:
            with ThreadPoolExecutor(2) as pool:
                falls = list(pool.map(self._falls, self.models))
        except (HeldError, TargetError) as error:  # that it breaks a server is no evidence either
            return Evidence(None, first=first, missing=str(error))
        own, other = falls[0], falls[-1]
        undisturbed = [self._losses(model.scores[self._rows]).mean() for model in self.models]
        clusters = self.paired.holdout.clusters[self._rows]
        return Evidence(
            falls={
                kind: PairedLosses(
                    "loss", rise, np.zeros_like(rise) if first else other[kind], clusters
                )
                for kind, rise in own.items()
            },
            loss=float(undisturbed[-1]),
            lead=float(undisturbed[-1] - undisturbed[0]),
            first=first,
        )

    def _falls(self, model: ModelUnderTest) -> dict[str, Floats]:
        holdout = self.paired.holdout
        table = holdout.table.take(self._rows)
        inputs = common_inputs(tuple(model.contract for model in self.models))
        before = self._losses(model.scores[self._rows])
        falls = {}
        for kind, strength in self.policy.shares().items():
            made = disturbed(table, inputs, kind, strength, holdout.file)
            if made.inputs:
                falls[kind] = self._losses(self._ask(model, made.table)) - before
        return falls

    def _ask(self, model: ModelUnderTest, table: Table) -> Floats:
        rows = list(instances(table, model.contract, self.paired.holdout.file))
        return self.predictions.rows(model.bento, rows)

    def _losses(self, scores: Floats) -> Floats:
        return losses(self.paired.task, self.paired.holdout.labels[self._rows], scores)
