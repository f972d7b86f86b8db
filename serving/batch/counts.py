"""What a unit was asked and what it answered, by the bins of the contract's histograms.

The bins are those of serving.telemetry.drift.bins, so a job can be compared with traffic. Values
are counted below each edge, all of a column at once, which takes a fifth of the time of a search
for the bin of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from serving.batch.checking.arrow_column import Text
from serving.batch.documents import Counts, Shift
from serving.contract import SCORE, Contract
from serving.rows.column import DTYPES, Array
from serving.telemetry.drift.bins import Bins, LabelBins, NumberBins, bins_of

FLOOR = 0.0001  # the least share of a bin, as in the rules of docs/serving.md


class BinCounts:
    """Counts rows of one contract."""

    def __init__(self, contract: Contract) -> None:
        self._numbers: dict[str, _Numbers] = {}
        self._labels: dict[str, _Labels] = {}
        for spec in contract.inputs:
            bins = bins_of(spec)
            if isinstance(bins, NumberBins):
                self._numbers[spec.name] = _Numbers(bins, DTYPES[spec.dtype])
            elif bins is not None:
                self._labels[spec.name] = _Labels(bins)
        scores = score_bins(contract)
        self._score = None if scores is None else _Numbers(scores, np.float32)

    def reset(self) -> None:
        """Forget what was counted."""
        for each in self._all():
            each.counts[:] = 0
        for numbers in self._numbers.values():
            numbers.outside[:] = 0

    def add(self, columns: Mapping[str, Array | Text], score: Array) -> None:
        """Count the rows of a window, [rows] or [rows, *shape] each."""
        for name, numbers in self._numbers.items():
            values = columns[name]
            numbers.add(values.values() if isinstance(values, Text) else values)
        for name, labels in self._labels.items():
            labels.add(columns[name])
        if self._score is not None:
            self._score.add(score)

    def counted(self) -> Counts:
        """The counts so far."""
        inputs = self._numbers | self._labels
        return Counts(
            inputs={name: tuple(each.counts.tolist()) for name, each in inputs.items()},
            outside={name: _pair(each.outside) for name, each in self._numbers.items()},
            scores=None if self._score is None else tuple(self._score.counts.tolist()),
        )

    def _all(self) -> Iterator[_Numbers | _Labels]:
        yield from self._numbers.values()
        yield from self._labels.values()
        if self._score is not None:
            yield self._score


class _Labels:
    """Counts of categories and truths."""

    def __init__(self, bins: LabelBins) -> None:
        self._bins = bins
        self.counts = np.zeros(len(bins.names), np.int64)

    def add(self, values: Array | Text) -> None:
        if isinstance(values, Text):
            each = np.bincount(values.codes, minlength=len(values.known))
            np.add.at(self.counts, self._bins.codes(values.known), each)
        else:
            self.counts += np.bincount(self._bins.codes(values), minlength=len(self.counts))


class _Numbers:
    """Counts of numbers. The edges of the bins are moved up to the next number that the column's
    type has: a value is below the one exactly if it is below the other."""

    def __init__(self, bins: NumberBins, kind: Any) -> None:
        self.counts = np.zeros(len(bins.names), np.int64)
        self.outside = np.zeros(2, np.int64)  # below and above all of training's
        self._floats = np.issubdtype(kind, np.floating)
        self._inner = [_up(float(edge), kind) for edge in bins.inner]
        self._lowest = _up(bins.lowest, kind)
        self._highest = _up(np.nextafter(bins.highest, np.inf), kind)

    def add(self, values: Array) -> None:
        missing = np.count_nonzero(values != values) if self._floats else 0
        below = [np.count_nonzero(values < edge) for edge in self._inner]
        present = len(values) - missing
        self.counts += np.diff([0, *below, present, present + missing])
        self.outside[0] += np.count_nonzero(values < self._lowest)
        self.outside[1] += present - np.count_nonzero(values < self._highest)


def _up(edge: float, kind: Any) -> Any:
    """The least number of a type that is not below `edge`."""
    if kind == np.float64:
        return np.float64(edge)
    if kind == np.float32:
        with np.errstate(over="ignore"):
            near = np.float32(edge)
        return near if float(near) >= edge else np.nextafter(near, np.float32(np.inf))
    return np.ceil(edge)


def score_bins(contract: Contract) -> NumberBins | None:
    """The bins of a single score; None where the contract has none."""
    output = next(output for output in contract.outputs if output.name == SCORE)
    if output.shape or output.histogram is None or output.histogram.edges is None:
        return None
    return NumberBins(output.histogram)


def merged(counts: Iterable[Counts]) -> Counts | None:
    """The sum; None of nothing."""
    total: Counts | None = None
    for each in counts:
        total = each if total is None else _sum(total, each)
    return total


def input_shifts(contract: Contract, counts: Counts) -> tuple[Shift, ...]:
    """How far each input lies from training's, by the population stability index, the farthest
    first. `unseen` is the share of categories that training had not, and of numbers outside of its
    range."""
    found = []
    for spec in contract.inputs:
        bins = bins_of(spec)
        if bins is not None:
            own = counts.inputs[spec.name]
            unseen = sum(counts.outside.get(spec.name, (0, 0)))
            if isinstance(bins, LabelBins):
                unseen = own[-2]
            found.append(_shift(spec.name, bins, own, unseen))
    return tuple(sorted(found, key=lambda shift: -shift.psi))


def score_shift(contract: Contract, counts: Counts) -> Shift | None:
    """How far the scores lie from those of reference; None where the contract has none."""
    bins = score_bins(contract)
    if bins is None or counts.scores is None:
        return None
    return _shift(SCORE, bins, counts.scores, 0)


def _shift(column: str, bins: Bins, own: Sequence[int], unseen: int) -> Shift:
    rows, before = max(1, sum(own)), max(1, sum(bins.reference))
    return Shift(
        column=column,
        psi=_psi(bins.reference, own),
        missing=own[-1] / rows,
        missing_before=bins.reference[-1] / before,
        unseen=unseen / rows,
    )


def _sum(one: Counts, other: Counts) -> Counts:
    def added(left: Any, right: Any) -> Any:
        return tuple(a + b for a, b in zip(left, right, strict=True))

    return Counts(
        inputs={name: added(one.inputs[name], other.inputs[name]) for name in one.inputs},
        outside={name: added(one.outside[name], other.outside[name]) for name in one.outside},
        scores=None if one.scores is None else added(one.scores, other.scores),
    )


def _pair(sides: Array) -> tuple[int, int]:
    below, above = sides.tolist()
    return below, above


def _psi(reference: Iterable[int], own: Iterable[int]) -> float:
    shares = []
    for counts in (np.array(list(own), float), np.array(list(reference), float)):
        if not counts.sum():
            return 0.0
        shares.append(np.maximum(counts / counts.sum(), FLOOR))
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())
