"""What the model is asked and what it answers, counted off the path of a request.

A request only leaves its columns here. They are added up together, when enough rows have come or
serving.telemetry.drift.pending asks for the sums: what costs 100 µs for a row costs less than 1 µs
in a thousand of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving.contract import SCORE, Contract
from serving.predict.predictor import Scored
from serving.rows.column import Array
from serving.rows.layout import RowBuffer, blocks_of
from serving.telemetry.drift.bins import SCORES, SCORES_REFERENCE, BinCounter, NumberBins
from serving.telemetry.drift.features import Features
from serving.telemetry.drift.pending import PENDING
from serving.telemetry.drift.signals import Signals
from serving.telemetry.request_context import current

ROWS = 256  # that wait at most: adding them up holds requests up for less than 1 ms


class DriftCounters:
    """Counts the inputs and scores of one contract."""

    def __init__(self, contract: Contract, release: str) -> None:
        self._blocks = [(block, Features(block, release)) for block in blocks_of(contract)]
        self._scores = _Scores.of(contract, release)
        self._counters = [features.counter for _, features in self._blocks]
        if self._scores is not None:
            self._counters.append(self._scores.counter)
        threshold = contract.threshold if contract.task == "binary" else None
        self._signals = Signals(release, threshold)
        self._waiting = RowBuffer([block for block, _ in self._blocks], ROWS)
        self._scores_waiting: list[Array] = []
        self._senders: list[tuple[str, int]] = []
        self._asked = False  # for the sums

    def scored(self, scored: Scored) -> None:
        """Take note of an answered request."""
        rows = scored.batch.rows
        if self._waiting.rows + rows > ROWS:
            self._add_up()
        self._scores_waiting.append(scored.score)
        self._senders.append((current().client, rows))
        if rows <= ROWS:
            self._waiting.add(scored.batch)
        else:
            self._count([block.values(scored.batch) for block, _ in self._blocks])
        if not self._asked:
            self._asked = True
            PENDING.add(self.count)

    def count(self) -> None:
        """Add up what is waiting, and let Prometheus know all sums."""
        self._asked = False
        self._add_up()
        for counter in self._counters:
            counter.publish()

    def _add_up(self) -> None:
        if self._waiting.rows:
            self._count(self._waiting.values())
            self._waiting.clear()

    def _count(self, blocks: Sequence[Array]) -> None:
        """Count rows, [inputs, rows] of each block, and what was noted about their requests."""
        scores = _joined(self._scores_waiting)
        far = np.zeros(len(scores), np.bool_)
        numbers = [
            features.count(values, far)
            for (_, features), values in zip(self._blocks, blocks, strict=True)
        ]
        if self._scores is not None:
            self._scores.count(scores)
        self._signals.far(int(np.count_nonzero(far)))
        if numbers:
            single = scores if scores.ndim == 1 else None
            self._signals.look(np.concatenate(numbers), single, self._senders)
        self._scores_waiting, self._senders = [], []


class _Scores:
    """The scores, by the reference histogram of the contract."""

    def __init__(self, bins: NumberBins, release: str) -> None:
        self._bins = bins
        self.counter = BinCounter(bins, SCORES, SCORES_REFERENCE, release)

    @classmethod
    def of(cls, contract: Contract, release: str) -> _Scores | None:
        """None where the contract has no histogram of a single score."""
        output = next(output for output in contract.outputs if output.name == SCORE)
        if output.shape or output.histogram is None or output.histogram.edges is None:
            return None
        return cls(NumberBins(output.histogram), release)

    def count(self, scores: Array) -> None:
        self.counter.add(self._bins.codes(scores.astype(np.float64)))


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
