"""Rows of a CSV file, whose cells are texts until the contract says what they are.

The first line names the columns. An empty cell is null unless it is quoted. Quoted cells may hold
commas, quotes and line breaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import csv

from serving.batch.errors import BadInput
from serving.batch.reading.chunk import Chunk
from serving.batch.reading.sources import Source
from serving.errors import Problem
from serving.rows.messages import shorten

BLOCK = 4 * 1024 * 1024  # bytes: no row may be longer
HEADER = 1  # rows before the first, as pyarrow counts them from 1


def csv_layout(source: Source) -> pa.Schema:
    """Columns, all of them texts; BadInput where two have the same name."""
    with source.open() as stream:
        schema = csv.open_csv(stream, _reading(), _parsing([])).schema
    names = list(schema.names)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"{source.path}: two columns are called {twice[0]!r}")
    return pa.schema([(name, pa.string()) for name in names])


def csv_chunks(source: Source, columns: Sequence[str]) -> Iterator[Chunk]:
    """All rows; those before the one that is wanted have to be read as well."""
    broken: list[csv.InvalidRow] = []
    first = 0
    with source.open() as stream:
        reader = csv.open_csv(stream, _reading(), _parsing(broken), _converting(columns))
        for batch in reader:
            chunk = _numbered(first, batch, broken)
            first = chunk.end
            yield chunk
    if broken:  # after the last good row
        yield _numbered(first, pa.RecordBatch.from_pylist([], reader.schema), broken)


def _numbered(first: int, batch: pa.RecordBatch, broken: list[csv.InvalidRow]) -> Chunk:
    """Give rows their numbers: pyarrow left the broken ones out. Takes from `broken` what lies
    before the end of the batch."""
    number, numbers, problems = first, np.empty(batch.num_rows, np.int64), []
    filled = 0
    while filled < batch.num_rows or (batch.num_rows == 0 and broken):
        until = batch.num_rows
        if broken:
            until = min(until, filled + _number(broken[0]) - number)
        numbers[filled:until] = np.arange(number, number + until - filled)
        number += until - filled
        filled = until
        if broken and _number(broken[0]) == number:
            problems.append(_problem(number, broken.pop(0)))
            number += 1
    return Chunk(first, number, numbers, batch, tuple(problems))


def _number(row: csv.InvalidRow) -> int:
    return int(row.number) - 1 - HEADER


def _problem(number: int, row: csv.InvalidRow) -> Problem:
    expected = f"{row.expected_columns} cells, not {row.actual_columns}"
    return Problem(number, None, shorten(row.text), expected, "cells")


def _reading() -> csv.ReadOptions:
    return csv.ReadOptions(use_threads=False, block_size=BLOCK)


def _parsing(broken: list[csv.InvalidRow]) -> csv.ParseOptions:
    def skip(row: csv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    return csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip)


def _converting(columns: Sequence[str]) -> csv.ConvertOptions:
    return csv.ConvertOptions(
        include_columns=list(columns),
        column_types=dict.fromkeys(columns, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
