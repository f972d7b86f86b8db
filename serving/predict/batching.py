"""Join requests that wait at the same time: models of matrix products score many rows for little
more than one.

While the model computes, requests arrive; what has arrived is scored together. So batches grow
with the load by themselves, and a request that is alone waits for nobody, unless `wait_ms` says
so. If a batch fails, each of its requests is scored alone: only the one at fault learns of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import numpy as np
from prometheus_client import Counter

from serving.rows.column import Array
from serving.settings.policy import Batching

Score = Callable[[Mapping[str, Array]], Array]
Waiting = tuple[Mapping[str, Array], int, "asyncio.Future[Array]"]

BATCHES = Counter("serving_batches_total", "Batches of joined requests.", ["release"])
JOINED = Counter("serving_batched_rows_total", "Rows that were scored in them.", ["release"])


class Batcher:
    """Scores requests of up to `max_rows` rows together, at most so many rows at once."""

    def __init__(self, score: Score, settings: Batching, release: str) -> None:
        self._score = score
        self._most = settings.max_rows
        self._seconds = settings.wait_ms / 1000
        self._waiting: list[Waiting] = []
        self._rows = 0
        self._timer: asyncio.Handle | None = None
        self._batches, self._joined = BATCHES.labels(release), JOINED.labels(release)

    async def __call__(self, columns: Mapping[str, Array], rows: int) -> Array:
        """The scores of a request.

        Raises:
            ScoreError: the model cannot score these very rows.
        """
        if rows >= self._most:
            return self._score(columns)
        if self._rows + rows > self._most:
            self._flush()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Array] = loop.create_future()
        self._waiting.append((columns, rows, future))
        self._rows += rows
        if self._rows == self._most:
            self._flush()
        elif self._timer is None:
            # At 0 s: after everything else that is ready now, other requests among it.
            self._timer = loop.call_later(self._seconds, self._flush)
        return await future

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._waiting, self._rows, self._timer = self._waiting, [], 0, None
        # Whoever ran out of time or went away has cancelled its future.
        waiting = [request for request in waiting if not request[2].done()]
        if not waiting:
            return
        self._batches.inc()
        self._joined.inc(sum(rows for _, rows, _ in waiting))
        try:
            together = self._score(_joined([columns for columns, _, _ in waiting]))
        except Exception:  # also a bug: nobody may wait for ever
            for columns, _, future in waiting:
                self._answer_alone(columns, future)
            return
        start = 0
        for _, rows, future in waiting:
            future.set_result(together[start : start + rows])
            start += rows

    def _answer_alone(self, columns: Mapping[str, Array], future: asyncio.Future[Array]) -> None:
        try:
            future.set_result(self._score(columns))
        except Exception as error:  # as above; the request that asked has to deal with it
            future.set_exception(error)


def _joined(parts: list[Mapping[str, Array]]) -> Mapping[str, Array]:
    if len(parts) == 1:
        return parts[0]
    return {
        name: np.concatenate([part[name].reshape(len(part[name]), *shape) for part in parts])
        for name, shape in ((name, column.shape[1:]) for name, column in parts[0].items())
    }
