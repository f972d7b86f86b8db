"""The lines of the prediction log: one for a request, as JSON.

serving.telemetry.predictions.short_lines makes those of requests of one row.
"""

from __future__ import annotations

import hmac
from typing import Any

import numpy as np
import orjson

from serving.contract import Contract
from serving.rows.column import Array
from serving.telemetry.predictions.short_lines import ARRAYS, Entry, ShortLines, iso_time

LINES = ARRAYS | orjson.OPT_APPEND_NEWLINE


class LogLines:
    """Makes lines of requests. Fields that the contract calls sensitive become a keyed hash, and
    are left out where `key` is empty."""

    def __init__(self, contract: Contract, release: str, key: bytes) -> None:
        self._release = release
        self._key = key
        self._sensitive = frozenset(spec.name for spec in contract.inputs if spec.sensitive)
        names = [spec.name for spec in contract.inputs]
        self._shown = [name for name in names if name not in self._sensitive or key]
        self._scalar = frozenset(spec.name for spec in contract.inputs if not spec.shape)
        self._lines: list[bytes] = []
        self._short = None
        if not any(spec.shape for spec in contract.inputs) and not (self._sensitive and key):
            self._short = ShortLines(contract, release, self._sensitive)

    def add(self, entry: Entry) -> None:
        """Take a request in."""
        if self._short is not None and entry.batch.rows == 1:
            self._short.add(entry)
            if self._short.full:
                self._lines.append(self._short.take())
        else:
            self._lines = [self.take(), self._line(entry)]

    def take(self) -> bytes:
        """The lines of all requests since the last time, in their order."""
        lines, self._lines = self._lines, []
        if self._short is not None:
            lines.append(self._short.take())
        return b"".join(lines)

    def _line(self, entry: Entry) -> bytes:
        line = {
            "release": self._release,
            "request_id": entry.id,
            "time": iso_time(entry.time),
            "digest": entry.digest,
            "features": {
                name: self._values(name, entry.batch.columns[name]) for name in self._shown
            },
            "score": np.ascontiguousarray(entry.score),
        }
        return orjson.dumps(line, option=LINES)

    def _values(self, name: str, column: Array) -> Any:
        if name in self._scalar:
            column = column.reshape(-1)
        if name in self._sensitive:
            flat = column.reshape(len(column), -1).tolist()
            return [self._hidden(name, value) for value in flat]
        if column.dtype == np.object_:
            return column.tolist()
        return np.ascontiguousarray(column)

    def _hidden(self, name: str, value: list[Any]) -> str:
        """The same value of the same field gives the same 128 bits, for whoever has the key."""
        text = orjson.dumps([name, value])
        return hmac.new(self._key, text, "sha256").hexdigest()[:32]
