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
LastRow = tuple[Array, Array]  # its inputs, [inputs, 1], and its score, [1]


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

        `rows` is [inputs, rows] of float64, categories as codes and missing values as NaN;
        `scores` is [rows]; `senders` are the clients in order, with the number of their rows.
        """
        if len(rows) < FEWEST:
            return
        clients: dict[str, int] = {}
        numbers = [clients.setdefault(client, len(clients)) for client, _ in senders]
        if len(clients) == 1:
            self._compare(senders[0][0], rows, scores)
            return
        owners = np.repeat(numbers, [count for _, count in senders])
        for client, number in clients.items():
            own = np.flatnonzero(owners == number)
            self._compare(client, rows[:, own], None if scores is None else scores[own])

    def _compare(self, client: str, rows: Array, scores: Array | None) -> None:
        values = np.zeros(rows.shape[1]) if scores is None else scores.astype(np.float64)
        last = self._last.pop(client, None)
        self._last[client] = rows[:, -1:].copy(), values[-1:].copy()
        if len(self._last) > CLIENTS:
            self._last.popitem(last=False)
        if last is not None:
            rows = np.concatenate([last[0], rows], axis=1)
            values = np.concatenate([last[1], values])
        before, after = rows[:, :-1], rows[:, 1:]
        # A missing value is like another; NaN alone is not like itself.
        changed = (before != after) & ((before == before) | (after == after))
        count = np.count_nonzero(changed, axis=0)
        near = (count >= 1) & (count <= NEAR)
        if not near.any():
            return
        self._neighbour.inc(int(np.count_nonzero(near)))
        if self._threshold is not None and scores is not None:
            above = values >= self._threshold
            crossed = int(np.count_nonzero(near & (above[1:] != above[:-1])))
            if crossed:
                self._boundary.inc(crossed)
