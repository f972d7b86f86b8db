"""Predictions that were written down, and the labels that came since, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import Floats
from serving.contract import Contract

DAY = 86_400.0  # s
BEFORE = 4  # windows that one is compared with
Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """In the order of time.

    `time` in s since 1970, `release` that answered, `scores` [rows] or [rows, classes], `inputs` by
    name: float64 with NaN, or objects with None where a value is missing. `labels` are class
    numbers or values, float64, NaN where none has come.
    """

    time: Floats
    release: Texts
    scores: Floats
    inputs: Mapping[str, NDArray[Any]]
    labels: Floats

    def __len__(self) -> int:
        return len(self.time)

    def where(self, mask: Mask) -> Rows:
        inputs = {name: values[mask] for name, values in self.inputs.items()}
        return replace(
            self, time=self.time[mask], release=self.release[mask], scores=self.scores[mask],
            inputs=inputs, labels=self.labels[mask],
        )  # fmt: skip

    def between(self, start: float, end: float) -> Rows:
        """From `start` on and before `end`."""
        return self.where((self.time >= start) & (self.time < end))

    def single_scores(self) -> Floats:
        """One number a row: the score, or the probability of the top class."""
        return self.scores if self.scores.ndim == 1 else self.scores.max(axis=1)

    def missing(self, name: str) -> Mask:
        values = self.inputs[name]
        if values.dtype == np.object_:
            return np.array([value is None or value == "" for value in values], np.bool_)
        return np.asarray(np.isnan(values), np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """All rows, and the end of the newest window, in s since 1970: nothing later is looked at.
    `delays` are the seconds from requests to their labels, [labelled requests]."""

    rows: Rows
    until: float
    contract: Contract
    delays: Floats = field(default_factory=lambda: np.zeros(0))

    def last(self, days: float, *, ago: float = 0.0) -> Rows:
        """A window of `days` that ended `ago` days before the end."""
        end = self.until - ago * DAY
        return self.rows.between(end - days * DAY, end)
