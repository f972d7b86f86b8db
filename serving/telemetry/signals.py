"""Signals of somebody who tries the model out instead of using it.

A hint for people and alerts, never a reason to refuse: honest clients ask "what if" as well.

far        a number further outside of training's range than that range is wide
neighbour  a row that differs from the same client's last one in one or two inputs: how a model
           is copied, or a way around it searched
boundary   such a pair whose scores lie on both sides of the decision threshold
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from prometheus_client import Counter

from serving.rows.column import Array

CLIENTS = 1_000  # whose last row is remembered
NEAR = 2  # inputs in which neighbours may differ
FEWEST = 4  # inputs of a model below which nearly all rows are neighbours

ROWS = Counter(
    "serving_suspicious_rows_total",
    "Rows that look like a trial of the model: far, neighbour or boundary.",
    ["signal", "release"],
)
LastRow = tuple[Array, float]


class Signals:
    """Counts signals over batches of rows. `threshold` is None where no score is compared."""

    def __init__(self, release: str, threshold: float | None) -> None:
        self._threshold = threshold
        self._far, self._neighbour, self._boundary = (
            ROWS.labels(signal, release) for signal in ("far", "neighbour", "boundary")
        )
        self._last: OrderedDict[str, LastRow] = OrderedDict()

    def far(self, rows: int) -> None:
        if rows:
            self._far.inc(rows)

    def look(self, rows: Array, scores: Array | None, senders: Sequence[tuple[str, int]]) -> None:
        """Compare each row with the one before it of the same client.

        `rows` is [rows, inputs] of float64, categories as codes and missing values as NaN;
        `scores` is [rows]; `senders` are the clients in order, with the number of their rows.
        """
        if rows.shape[1] < FEWEST:
            return
        parts: dict[str, list[slice]] = {}
        start = 0
        for client, count in senders:
            parts.setdefault(client, []).append(slice(start, start + count))
            start += count
        for client, slices in parts.items():
            if len(parts) == 1:
                slices = [slice(None)]
            mine = np.concatenate([rows[part] for part in slices])
            own = None if scores is None else np.concatenate([scores[part] for part in slices])
            self._compare(client, mine, own)

    def _compare(self, client: str, rows: Array, scores: Array | None) -> None:
        values = np.zeros(len(rows)) if scores is None else scores.astype(np.float64)
        last = self._last.pop(client, None)
        self._last[client] = rows[-1].copy(), float(values[-1])
        if len(self._last) > CLIENTS:
            self._last.popitem(last=False)
        if last is not None:
            rows = np.vstack([last[0], rows])
            values = np.concatenate([[last[1]], values])
        before, after = rows[:-1], rows[1:]
        missing = np.isnan(rows)
        same = (before == after) | (missing[:-1] & missing[1:])
        changed = np.count_nonzero(~same, axis=1)
        near = (changed >= 1) & (changed <= NEAR)
        if not near.any():
            return
        self._neighbour.inc(int(np.count_nonzero(near)))
        if self._threshold is not None and scores is not None:
            above = values >= self._threshold
            crossed = int(np.count_nonzero(near & (above[1:] != above[:-1])))
            if crossed:
                self._boundary.inc(crossed)
