"""Rows as they come out of a file, and the windows that they are cut into.

What is scored together is a window: so many rows from the beginning of a unit on. So a score does
not depend on row groups, on blocks, or on where a job was killed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from math import prod
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from serving.contract import Contract
from serving.errors import Problem
from serving.rows.column import Array

WINDOW = 8_192  # rows at most
CELLS = 1024 * 1024  # values at most: images have many in a row
Rows: TypeAlias = Any  # pa.RecordBatch, or a list of JSON objects


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows of a file with numbers from `first` to `end`, the latter not included. Numbers
    count from 0. `numbers` are those of `rows`; the other numbers are of `broken` rows, which
    could not be read as rows at all, and of empty lines."""

    first: int
    end: int
    numbers: Array
    rows: Rows
    broken: tuple[Problem, ...] = ()

    def split(self, number: int) -> tuple[Chunk, Chunk]:
        """Those before row `number`, and the others."""
        at = int(np.searchsorted(self.numbers, number))
        before = tuple(problem for problem in self.broken if problem.row < number)
        return (
            replace(
                self,
                end=number,
                numbers=self.numbers[:at],
                rows=self.rows[:at],
                broken=before,
            ),
            replace(
                self,
                first=number,
                numbers=self.numbers[at:],
                rows=self.rows[at:],
                broken=self.broken[len(before) :],
            ),
        )


def arrow_chunk(first: int, batch: pa.RecordBatch) -> Chunk:
    """A batch whose rows all could be read."""
    end = first + batch.num_rows
    return Chunk(first, end, np.arange(first, end, dtype=np.int64), batch)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where rows are cut: units of `unit` rows, and in each of them windows of `window`."""

    unit: int
    window: int

    def after(self, row: int) -> int:
        """Where the window that begins at `row` ends at the latest."""
        return min(row + self.window, (row // self.unit + 1) * self.unit)


def cut_for(contract: Contract, unit: int) -> Cut:
    """The largest windows whose values fit into memory many times."""
    cells = sum(prod(spec.shape) for spec in contract.inputs)
    return Cut(unit, max(1, min(WINDOW, CELLS // max(1, cells))))


def in_windows(chunks: Iterable[Chunk], start: int, cut: Cut) -> Iterator[Chunk]:
    """The rows from number `start` on, where a unit begins, a window each; the last is short."""
    waiting: list[Chunk] = []
    limit = cut.after(start)
    for chunk in chunks:
        if chunk.end <= start:
            continue
        rest = chunk.split(start)[1] if chunk.first < start else chunk
        while rest.end >= limit:
            part, rest = rest.split(limit)
            yield _joined([*waiting, part])
            waiting, limit = [], cut.after(limit)
        if rest.end > rest.first:
            waiting.append(rest)
    if waiting:
        yield _joined(waiting)


def _joined(chunks: list[Chunk]) -> Chunk:
    if len(chunks) == 1:
        return chunks[0]
    parts = [chunk.rows for chunk in chunks]
    if isinstance(parts[0], list):
        rows: Rows = list(chain.from_iterable(parts))
    else:
        rows = pa.concat_batches(parts)
    return Chunk(
        chunks[0].first,
        chunks[-1].end,
        np.concatenate([chunk.numbers for chunk in chunks]),
        rows,
        tuple(chain.from_iterable(chunk.broken for chunk in chunks)),
    )
