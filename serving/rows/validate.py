"""JSON rows, or columns of values → numpy columns, by the contract and by nothing else.

Rows of plain values are converted together (serving.rows.bulk_rows); else a column at once where
every value has a plain type; only a column in which something is odd, or of few rows, is looked
at value by value. All ways follow the same rules:

    bool             true or false, nothing else
    int64            an integer, or a float without a fraction; a bool is not a number
    float32, float64 a finite number that the type can hold
    string           a string that is not too long
    null             only where the contract says nullable: NaN for floats, "" for strings
    a tensor         nested lists of exactly the declared shape, each value as above

A field that is missing counts as null. Unknown fields are ignored and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import NoneType
from typing import Any

import numpy as np

from serving.contract import Contract
from serving.errors import InvalidRows, Problem
from serving.rows.batch import Batch
from serving.rows.bulk_rows import BulkRows
from serving.rows.column import MAX_PROBLEMS, Array, Values, column_of
from serving.rows.messages import shorten
from serving.settings.policy import TEXT_LENGTH

FEW = 8  # up to so many rows numpy costs more than a look at each value


class Validator:
    """Turns what requests bring into columns for the model.

    Raises:
        DocumentError: an input that no ONNX graph can be given: nullable int64 or bool, bytes.
    """

    def __init__(self, contract: Contract, *, text_length: int = TEXT_LENGTH) -> None:
        self._columns = tuple(column_of(spec, text_length) for spec in contract.inputs)
        self._names = frozenset(spec.name for spec in contract.inputs)
        self._plain = BulkRows(self._columns)

    def __call__(self, rows: Sequence[Any]) -> Batch:
        """Convert `rows`, a list of JSON objects.

        Raises:
            InvalidRows: naming row, field, value and what is allowed.
        """
        if set(map(type, rows)) - {dict}:
            raise InvalidRows(list(islice(_not_objects(rows), MAX_PROBLEMS)))
        if (plain := self._plain(rows)) is not None:
            return Batch(plain, len(rows), sum(map(len, rows)) - len(rows) * len(self._columns))
        return self._closer(rows)

    def _closer(self, rows: Sequence[Any]) -> Batch:
        """Column by column, and value by value where it has to be."""
        arrays: dict[str, Array] = {}
        problems: list[Problem] = []
        known = 0
        for column in self._columns:
            name = column.spec.name
            values = [row.get(name) for row in rows]
            kinds = set(map(type, values))
            known += sum(name in row for row in rows) if NoneType in kinds else len(rows)
            array = column.convert(values, kinds) if len(rows) > FEW else None
            if array is None:
                array = column.convert_each(values, rows, problems)
            arrays[name] = array
        _refuse(problems)
        return Batch(arrays, len(rows), sum(map(len, rows)) - known)

    def columns(self, given: Mapping[str, Values], rows: int) -> Batch:
        """Convert columns, input → `rows` values each: a list, or an array [rows, *shape].

        Raises:
            InvalidRows: naming row, field, value and what is allowed.
        """
        arrays: dict[str, Array] = {}
        problems: list[Problem] = []
        for column in self._columns:
            values = given.get(column.spec.name, [None] * rows)
            array = None
            if isinstance(values, np.ndarray):
                array = column.adopt(values)
                values = column.nulled(values) if array is None else values
            elif rows > FEW:
                array = column.convert(values, set(map(type, values)))
            if array is None:
                array = column.convert_each(list(values), [given] * rows, problems)
            arrays[column.spec.name] = array
        _refuse(problems)
        return Batch(arrays, rows, len(given.keys() - self._names) * rows)


def _refuse(problems: list[Problem]) -> None:
    """InvalidRows if there are any, the first rows first whichever column is wrong."""
    if problems:
        raise InvalidRows(sorted(problems, key=lambda problem: problem.row)[:MAX_PROBLEMS])


def _not_objects(rows: Sequence[Any]) -> Iterator[Problem]:
    for index, row in enumerate(rows):
        if type(row) is not dict:
            yield Problem(index, None, shorten(row), "an object of field: value", "type")
