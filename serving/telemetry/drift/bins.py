"""Counts by the bins of a contract's reference histogram, so that drift is a query.

A value's bin is its number ("0", "1", …) for numbers and its label for categories, or one of
those in brackets. Training's share of each bin stands beside the counts; docs/serving.md has the
PromQL of the population stability index over both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter, Gauge

from serving.contract import Histogram, Input
from serving.rows.column import Array

MISSING = "(missing)"
UNSEEN = "(unseen)"  # a category that training had not
OTHER = "(other)"  # one that it had, too rare to be counted by itself

VALUES = Counter(
    "serving_input_bin_total",
    "Values of an input by bin of training's histogram.",
    ["feature", "bin", "release"],
)
# Every worker knows the same share: the greatest is any of them.
REFERENCE = Gauge(
    "serving_input_reference_share",
    "Share of training's values in a bin.",
    ["feature", "bin", "release"],
    multiprocess_mode="max",
)
OUTSIDE = Counter(
    "serving_input_outside_total",
    "Values of an input below or above all that training saw.",
    ["feature", "side", "release"],
)
SCORES = Counter(
    "serving_score_bin_total", "Scores by bin of the reference histogram.", ["bin", "release"]
)
SCORES_REFERENCE = Gauge(
    "serving_score_reference_share",
    "Share of the reference scores in a bin.",
    ["bin", "release"],
    multiprocess_mode="max",
)


class NumberBins:
    """Bins between the edges of a histogram; what lies outside falls into the first or last."""

    def __init__(self, histogram: Histogram) -> None:
        edges = np.array(histogram.edges, np.float64)
        self.names = [str(i) for i in range(len(edges) - 1)] + [MISSING]
        self.reference = [*histogram.counts, histogram.missing]
        self.lowest, self.highest = float(edges[0]), float(edges[-1])
        self.inner = edges[1:-1]

    def codes(self, values: Array) -> Array:
        """The bin of each value: [rows] of int64; NaN is missing."""
        codes: Array = self.inner.searchsorted(values, "right")
        codes[np.isnan(values)] = len(self.names) - 1
        return codes

    def outside(self, values: Array) -> tuple[int, int]:
        """How many values are below and above training's range."""
        below = int(np.count_nonzero(values < self.lowest))
        return below, int(np.count_nonzero(values > self.highest))


class LabelBins:
    """One bin for each label. `known` are all categories of training."""

    def __init__(self, histogram: Histogram, known: tuple[str, ...]) -> None:
        labels = histogram.labels or ()
        self.names = [*labels, OTHER, UNSEEN, MISSING]
        self.reference = [*histogram.counts, 0, 0, histogram.missing]
        count = len(labels)
        codes: dict[object, int] = dict.fromkeys(known, count)
        codes |= {label: code for code, label in enumerate(labels)}
        codes[""] = codes.get("", count + 2)
        if labels == ("false", "true"):  # how a histogram of booleans calls them
            codes |= {False: 0, True: 1}
        self._code = _Codes(codes, count + 1).__getitem__

    def codes(self, values: Array) -> Array:
        """The bin of each value: [rows] of int64; "" is missing."""
        return np.fromiter(map(self._code, values.tolist()), np.int64, len(values))


class _Codes(dict[object, int]):
    """Codes by label; what is not there is `unseen`, and is not added."""

    def __init__(self, codes: Mapping[object, int], unseen: int) -> None:
        super().__init__(codes)
        self._unseen = unseen

    def __missing__(self, _: object) -> int:
        return self._unseen


Bins = NumberBins | LabelBins


def bins_of(spec: Input) -> Bins | None:
    """The bins of an input; None for a tensor and where the contract has no histogram."""
    if spec.histogram is None or spec.shape:
        return None
    if spec.histogram.labels is not None:
        return LabelBins(spec.histogram, spec.categories or ())
    return NumberBins(spec.histogram)


class BinCounter:
    """Adds codes of several bins up, and hands the sums to Prometheus when told to: there each bin
    costs 1 µs. The codes of the bins with number i start at `offsets[i]`.

    Every bin is there from the start, with 0: what a series counts before it is first scraped is
    lost to `increase`."""

    def __init__(
        self, bins: Mapping[str, Bins] | NumberBins, counter: Counter, gauge: Gauge, release: str
    ) -> None:
        self._children: list[Counter] = []
        offsets = []
        for labels, each in _labelled(bins):
            offsets.append(len(self._children))
            labels["release"] = release
            self._children += [counter.labels(bin=name, **labels) for name in each.names]
            total = sum(each.reference)
            for name, count in zip(each.names, each.reference, strict=True):
                gauge.labels(bin=name, **labels).set(count / total if total else 0.0)
        self.offsets = np.array(offsets, np.int64)
        self._waiting = np.zeros(len(self._children), np.int64)

    def add(self, codes: NDArray[np.int64]) -> None:
        """Count codes that have their offsets; [values]."""
        self._waiting += np.bincount(codes, minlength=len(self._waiting))

    def publish(self) -> None:
        """Let Prometheus know what was added since the last time."""
        for bin_ in np.flatnonzero(self._waiting).tolist():
            self._children[bin_].inc(int(self._waiting[bin_]))
        self._waiting[:] = 0


def _labelled(bins: Mapping[str, Bins] | NumberBins) -> Iterator[tuple[dict[str, str], Bins]]:
    """Bins of features by their names, or of scores, which have none."""
    if isinstance(bins, NumberBins):
        yield {}, bins
        return
    for feature, each in bins.items():
        yield {"feature": feature}, each
