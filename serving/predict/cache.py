"""Scores that were computed before, for requests of one row.

An engine around an engine: what is asked again, to the bit, is not computed again. A key holds
the bytes of every value as the model gets it, so that −0.0 is not 0.0 and a missing value is
none that is there. A process serves one release, so the key needs none.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
from prometheus_client import Counter

from serving.model.engine import Engine
from serving.rows.column import Array

LOOKUPS = Counter(
    "serving_cache_total", "Rows that were looked up in the cache.", ["outcome", "release"]
)


class Cache:
    """Remembers the last `entries` rows that were asked for, and their scores."""

    def __init__(self, engine: Engine, entries: int, release: str) -> None:
        self._engine = engine
        self._entries = entries
        self._names: tuple[str, ...] = ()
        self._known: OrderedDict[tuple[Any, ...], Array] = OrderedDict()
        self._hits, self._misses = (LOOKUPS.labels(o, release) for o in ("hit", "miss"))
        self.providers = getattr(engine, "providers", ())
        self.vectors: frozenset[str] = getattr(engine, "vectors", frozenset())

    def __call__(self, columns: Mapping[str, Array]) -> Array:
        if not self._names:
            self._names = tuple(columns)
        if len(columns[self._names[0]]) != 1:
            return self._engine(columns)
        # In one order, whoever made the columns.
        key = tuple([_exact(columns[name]) for name in self._names])
        score = self._known.get(key)
        if score is not None:
            self._known.move_to_end(key)
            self._hits.inc()
            return score
        self._misses.inc()
        score = self._engine(columns)
        score.flags.writeable = False  # whoever asks next gets the same array
        self._known[key] = score
        if len(self._known) > self._entries:
            self._known.popitem(last=False)
        return score


def _exact(column: Array) -> Any:
    """One row of one input. Strings are compared as such."""
    return tuple(column.flat) if column.dtype == np.object_ else column.tobytes()
