"""Ask both models about disturbed rows of the holdout."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from delivery.bento.client import instances
from delivery.bento.temporary import Subject
from delivery.errors import HeldError, TargetError
from delivery.evidence.evaluation import Table
from delivery.evidence.predictions import Interview
from delivery.evidence.quality.perturbation import common_inputs, disturbed
from delivery.evidence.reported.summary import Sides
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.numbers.metrics import losses
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality.robustness import Evidence, Policy
from serving.contract import Contract

SEED = 0


@dataclass(frozen=True)
class Pupil:
    """Who is asked, and the scores of the whole holdout as it is."""

    subject: Subject
    contract: Contract
    scores: Floats


@dataclass
class Robustness:
    """Asks a candidate, and its champion if there is one, about the same disturbed rows."""

    desk: Interview
    policy: Policy
    sides: Sides
    pupils: tuple[Pupil, ...]  # the candidate, then the champion
    _rows: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        total = len(self.sides.holdout)
        chosen = np.random.default_rng(SEED).permutation(total)[: self.policy.rows]
        self._rows = np.sort(chosen)

    def evidence(self) -> Evidence:
        """What each disturbance costs, row by row."""
        first = len(self.pupils) == 1
        try:
            with ThreadPoolExecutor(2) as pool:
                falls = list(pool.map(self._falls, self.pupils))
        except (HeldError, TargetError) as error:  # that it breaks a server is no evidence either
            return Evidence(None, first=first, missing=str(error))
        own, other = falls[0], falls[-1]
        undisturbed = [self._losses(one.scores[self._rows]).mean() for one in self.pupils]
        clusters = self.sides.holdout.clusters[self._rows]
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

    def _falls(self, pupil: Pupil) -> dict[str, Floats]:
        holdout = self.sides.holdout
        table = holdout.table.take(self._rows)
        inputs = common_inputs(tuple(one.contract for one in self.pupils))
        before = self._losses(pupil.scores[self._rows])
        found = {}
        for kind, strength in self.policy.shares().items():
            made = disturbed(table, inputs, kind, strength, holdout.file)
            if made.inputs:
                found[kind] = self._losses(self._ask(pupil, made.table)) - before
        return found

    def _ask(self, pupil: Pupil, table: Table) -> Floats:
        rows = list(instances(table, pupil.contract, self.sides.holdout.file))
        return self.desk.rows(pupil.subject, rows)

    def _losses(self, scores: Floats) -> Floats:
        return losses(self.sides.task, self.sides.holdout.labels[self._rows], scores)
