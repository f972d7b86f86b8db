"""Rows as they nearly always are: every row has every input, and each value a plain type.

Then the values of all inputs of one type become one array together, instead of one each, which
takes a quarter of the time. Whatever else comes is left to serving.rows.validate, which looks
closer and knows what to say. Both follow the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from types import NoneType
from typing import Any

import numpy as np

from serving.rows.column import Array, Column, Tensor

Rows = Sequence[Mapping[str, Any]]


class BulkRows:
    """Converts rows for these columns; None where it cannot."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._names = [column.spec.name for column in columns]
        self._usable = not any(isinstance(column, Tensor) for column in columns)
        kinds = dict.fromkeys(map(_kind, columns))
        self._groups = [
            _Group([column for column in columns if _kind(column) == kind]) for kind in kinds
        ]

    def __call__(self, rows: Rows) -> dict[str, Array] | None:
        """Columns of `rows`, JSON objects, in the order of the contract."""
        if not self._usable:
            return None
        arrays: dict[str, Array] = {}
        for group in self._groups:
            converted = group.convert(rows)
            if converted is None:
                return None
            arrays.update(zip(group.names, converted, strict=True))
        return {name: arrays[name] for name in self._names}


class _Group:
    """Columns of one type, all nullable or all not."""

    def __init__(self, columns: Sequence[Column]) -> None:
        first = columns[0]
        self.names = [column.spec.name for column in columns]
        self._getters = [itemgetter(name) for name in self.names]
        self._plain, self._dtype, self._longest = first.plain, first.dtype, first.longest
        self._text = first.spec.dtype == "string"
        self._exact = np.float64 if first.is_float else first.dtype
        self._only = [(number, c.only) for number, c in enumerate(columns) if c.only is not None]
        most = first.limit if first.is_float else np.inf
        lows = [-most if c.lowest is None else max(-most, c.lowest) for c in columns]
        highs = [most if c.highest is None else min(most, c.highest) for c in columns]
        self._bounded = min(highs) < np.inf or max(lows) > -np.inf
        self._lows, self._highs = np.array(lows)[:, None], np.array(highs)[:, None]

    def convert(self, rows: Rows) -> Array | None:
        """[columns, rows]."""
        try:
            if len(rows) == 1:
                row = rows[0]
                values = [row[name] for name in self.names]
            else:
                values = list(chain.from_iterable([map(get, rows) for get in self._getters]))
        except KeyError:
            return None
        kinds = set(map(type, values))
        if not kinds <= self._plain:
            return None
        if self._text:
            return self._texts(values, NoneType in kinds)
        return self._numbers(values, NoneType in kinds)

    def _numbers(self, values: list[Any], nulls: bool) -> Array | None:
        try:
            array: Array = np.array(values, self._exact).reshape(len(self.names), -1)
        except OverflowError:
            return None
        if self._bounded:
            # NaN is in no range, and comes from nothing but null: JSON has none.
            inside = (array >= self._lows) & (array <= self._highs)
            missing = np.count_nonzero(np.isnan(array)) if nulls else 0
            if np.count_nonzero(inside) != array.size - missing:
                return None
        return array.astype(self._dtype, copy=False)

    def _texts(self, values: list[Any], nulls: bool) -> Array | None:
        if nulls:
            values = ["" if value is None else value for value in values]
        if max(map(len, values)) > self._longest:
            return None
        array = np.array(values, np.object_).reshape(len(self.names), -1)
        for number, allowed in self._only:
            # A null is "" here, which may be no category: that is for a closer look.
            if not allowed.issuperset(array[number].tolist()):
                return None
        return array


def _kind(column: Column) -> tuple[str, bool]:
    return column.spec.dtype, column.spec.nullable
