"""Lines of the prediction log for requests of one row, as most are.

The values of several requests become text together, an array at once: that takes a third of the
time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain

import numpy as np
import orjson

from serving.contract import Contract
from serving.rows.batch import Batch
from serving.rows.column import Array
from serving.rows.layout import Block, RowBuffer, blocks_of

SIZE = 32  # requests that become text together
ARRAYS = orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered request."""

    id: str
    time: float  # since the epoch
    batch: Batch
    score: Array
    digest: str = ""  # of the rows as they were sent; empty where nobody may know them again


class ShortLines:
    """Makes lines of requests of one row with scalar inputs. `hidden` inputs are left out."""

    def __init__(self, contract: Contract, release: str, hidden: frozenset[str]) -> None:
        self._blocks = blocks_of(contract)
        self._rows = RowBuffer(self._blocks, SIZE)
        self._heads: list[tuple[bytes, bytes, bytes]] = []
        self._scores: list[Array] = []
        names = [spec.name for block in self._blocks for spec in block.specs]
        shown = [spec.name for spec in contract.inputs if spec.name not in hidden]
        self._places = [names.index(name) for name in shown]
        self._template = (
            b'{"release":%b,"request_id":%%b,"time":"%%b","digest":"%%b","features":{%b},'
            b'"score":%%b}\n'
            % (_escaped(release), b",".join(_escaped(name) + b":[%b]" for name in shown))
        )

    @property
    def full(self) -> bool:
        return self._rows.rows == SIZE

    def add(self, entry: Entry) -> None:
        """Take a request in; not when it is full."""
        self._rows.add(entry.batch)
        identity, digest = orjson.dumps(entry.id), entry.digest.encode()
        self._heads.append((identity, iso_time(entry.time).encode(), digest))
        self._scores.append(entry.score)

    def take(self) -> bytes:
        """The lines of all requests since the last time, in their order."""
        if not self._heads:
            return b""
        try:
            return b"".join(self._lines())
        finally:
            self._rows.clear()
            self._heads.clear()
            self._scores.clear()

    def _lines(self) -> list[bytes]:
        blocks = zip(self._blocks, self._rows.values(), strict=True)
        values = list(chain.from_iterable(_texts(block, array) for block, array in blocks))
        columns = [values[place] for place in self._places]
        scores = _score_texts(np.concatenate(self._scores))
        return [
            self._template % (*head, *line)
            for head, *line in zip(self._heads, *columns, scores, strict=True)
        ]


def _escaped(text: str) -> bytes:
    """`text` as JSON in a template."""
    return orjson.dumps(text).replace(b"%", b"%%")


def _texts(block: Block, values: Array) -> list[Sequence[bytes]]:
    """The values of each input of `block`, each value as JSON."""
    if block.dtype == "string":
        return [list(map(orjson.dumps, column)) for column in values.tolist()]
    return [
        orjson.dumps(column, option=ARRAYS)[1:-1].split(b",")
        for column in np.ascontiguousarray(values)
    ]


def _score_texts(scores: Array) -> list[bytes]:
    """The score of each row in a list of its own."""
    text = orjson.dumps(np.ascontiguousarray(scores), option=ARRAYS)
    if scores.ndim == 1:
        return [b"[%b]" % score for score in text[1:-1].split(b",")]
    return [b"[[%b]]" % row for row in text[2:-2].split(b"],[")]


def iso_time(time: float) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    second, micro = divmod(round(time * 1e6), 1_000_000)
    return f"{_second(second)}.{micro // 1000:03d}+00:00"


@lru_cache(16)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
