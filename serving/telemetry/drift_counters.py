"""What the model is asked and what it answers, counted off the path of a request.

A request only leaves its columns here. They are added up together, when enough rows have come
or a second has passed: what costs 100 µs for a row costs less than 1 µs in a thousand of them. The
sums go to Prometheus once a second.
"""

from __future__ import annotations

import asyncio

import numpy as np

from serving.contract import SCORE, Contract, Input
from serving.predict.predictor import Scored
from serving.rows.column import Array
from serving.telemetry.bins import (
    OUTSIDE,
    REFERENCE,
    SCORES,
    SCORES_REFERENCE,
    VALUES,
    BinCounter,
    LabelBins,
    NumberBins,
    bins_of,
)
from serving.telemetry.request_context import current
from serving.telemetry.signals import Signals

ROWS = 256  # that wait at most: adding them up holds requests up for less than 1 ms
SECONDS = 1.0  # until Prometheus knows


class DriftCounters:
    """Counts the inputs and scores of one contract."""

    def __init__(self, contract: Contract, release: str) -> None:
        self._inputs = [_Feature(spec, release) for spec in contract.inputs if not spec.shape]
        self._scores = _Scores.of(contract, release)
        self._counters = [each.counter for each in self._inputs if each.counter is not None]
        if self._scores is not None:
            self._counters.append(self._scores.counter)
        threshold = contract.threshold if contract.task == "binary" else None
        self._signals = Signals(release, threshold)
        self._waiting: list[tuple[Scored, str]] = []
        self._rows = 0
        self._timed = False

    def scored(self, scored: Scored) -> None:
        """Take note of an answered request."""
        self._waiting.append((scored, current().client))
        self._rows += scored.batch.rows
        if self._rows >= ROWS:
            self._add_up()
        if not self._timed:
            self._publish_soon()

    def _publish_soon(self) -> None:
        try:
            asyncio.get_running_loop().call_later(SECONDS, self._later)
            self._timed = True
        except RuntimeError:  # outside of a server nothing would come later
            self._publish()

    def _later(self) -> None:
        self._timed = False
        self.count()

    def count(self) -> None:
        """Add up what is waiting, and let Prometheus know all sums."""
        self._add_up()
        self._publish()

    def _publish(self) -> None:
        for counter in self._counters:
            counter.publish()

    def _add_up(self) -> None:
        waiting, self._waiting, self._rows = self._waiting, [], 0
        if not waiting:
            return
        parts = [scored.batch.columns for scored, _ in waiting]
        coded = np.empty((sum(scored.batch.rows for scored, _ in waiting), len(self._inputs)))
        far = np.zeros(len(coded), np.bool_)
        for number, feature in enumerate(self._inputs):
            values = _joined([part[feature.name] for part in parts])
            coded[:, number] = feature.count(values, far)
        scores = _joined([scored.score for scored, _ in waiting])
        if self._scores is not None:
            self._scores.count(scores)
        self._signals.far(int(np.count_nonzero(far)))
        single = scores if scores.ndim == 1 else None
        senders = [(client, scored.batch.rows) for scored, client in waiting]
        self._signals.look(coded, single, senders)


class _Feature:
    """One scalar input."""

    def __init__(self, spec: Input, release: str) -> None:
        self.name = spec.name
        self._is_number = spec.dtype not in ("string", "bool")
        self._bins = bins_of(spec)
        self.counter: BinCounter | None = None
        if self._bins is None:
            return
        self.counter = BinCounter(
            self._bins, VALUES, REFERENCE, {"feature": spec.name, "release": release}
        )
        self._below, self._above = (
            OUTSIDE.labels(spec.name, side, release) for side in ("below", "above")
        )

    def count(self, values: Array, far: Array) -> Array:
        """Count `values`, mark those rows of `far` that are; the values as numbers."""
        bins = self._bins
        if self.counter is None:
            return values.astype(np.float64) if self._is_number else _hashed(values)
        if isinstance(bins, NumberBins):
            numbers = values.astype(np.float64, copy=False)
            self.counter.add(bins.codes(numbers))
            below, above = bins.outside(numbers)
            if below or above:
                self._outside(below, above)
                width = bins.highest - bins.lowest
                far |= (numbers < bins.lowest - width) | (numbers > bins.highest + width)
            return numbers
        assert isinstance(bins, LabelBins)
        codes = bins.codes(values)
        self.counter.add(codes)
        return codes

    def _outside(self, below: int, above: int) -> None:
        if below:
            self._below.inc(below)
        if above:
            self._above.inc(above)


class _Scores:
    """The scores, by the reference histogram of the contract."""

    def __init__(self, bins: NumberBins, release: str) -> None:
        self._bins = bins
        self.counter = BinCounter(bins, SCORES, SCORES_REFERENCE, {"release": release})

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


def _hashed(values: Array) -> Array:
    """Strings as numbers that are equal where the strings are (within one process)."""
    return np.array([hash(value) % 2**52 for value in values.tolist()], np.float64)
