"""One input of the contract: the values of several rows → a numpy array, or problems by row.

serving.rows.validate states the rules.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.contract import Input
from serving.errors import Problem
from serving.rows.messages import describe, shorten
from serving.strict import DocumentError

MAX_PROBLEMS = 20
DTYPES: Mapping[str, type] = {
    "float32": np.float32,
    "float64": np.float64,
    "int64": np.int64,
    "bool": np.bool_,
    "string": np.object_,
}
_PLAIN: Mapping[str, frozenset[type]] = {
    "float32": frozenset({int, float}),
    "float64": frozenset({int, float}),
    "int64": frozenset({int}),
    "bool": frozenset({bool}),
    "string": frozenset({str}),
}
_KINDS: Mapping[str, str] = {  # numpy's letters
    "float32": "fiu",
    "float64": "fiu",
    "int64": "iu",
    "bool": "b",
    "string": "O",
}
Array = NDArray[Any]
Values = list[Any] | Array


class Column:
    """A scalar input, whose strings have at most `text_length` characters."""

    def __init__(self, spec: Input, text_length: int) -> None:
        self.spec = spec
        self.longest = text_length
        self.dtype = DTYPES[spec.dtype]
        self.plain = _PLAIN[spec.dtype] | ({NoneType} if spec.nullable else set())
        self.is_float = spec.dtype in ("float32", "float64")
        self.limit = float(np.finfo(self.dtype).max) if self.is_float else float(2**63)
        self.only = frozenset(spec.categories or ()) if spec.unseen == "reject" else None
        self.lowest = spec.range[0] if spec.range else None
        self.highest = spec.range[1] if spec.range else None

    def convert(self, values: list[Any], kinds: set[type]) -> Array | None:
        """The array, or None where some value needs a closer look."""
        if not kinds <= self.plain:
            return None
        if self.spec.dtype == "string":
            return self._strings(values, kinds)
        try:
            array: Array = np.array(values, np.float64 if self.is_float else self.dtype)
        except OverflowError:
            return None
        if self.spec.dtype == "bool":
            return array
        return self._numbers(array, values.count(None) if NoneType in kinds else 0)

    def adopt(self, array: Array) -> Array | None:
        """An array that a client made, by the same rules; None where it needs a closer look.
        NaN is its null."""
        if array.dtype.kind not in _KINDS[self.spec.dtype]:
            return None
        if self.spec.dtype == "string":
            return self._strings(array.tolist(), {str})
        if self.spec.dtype == "bool":
            return array
        if not self.is_float:
            fits = array.dtype != np.uint64 or not bool((array > np.uint64(2**63 - 1)).any())
            return self._numbers(array.astype(np.int64), 0) if fits else None
        missing = int(np.isnan(array).sum()) if self.spec.nullable else 0
        return self._numbers(array.astype(np.float64), missing)

    def nulled(self, array: Array) -> list[Any]:
        """The values of such an array, to be looked at one by one."""
        values: list[Any] = array.tolist()
        if array.dtype.kind == "f" and self.spec.nullable:
            values = [None if value != value else value for value in values]
        return values

    def _strings(self, values: list[Any], kinds: set[type]) -> Array | None:
        if self.only is not None and not self.only.issuperset(v for v in values if v is not None):
            return None
        if any(value is not None and len(value) > self.longest for value in values):
            return None
        if NoneType in kinds:
            values = ["" if value is None else value for value in values]
        return np.array(values, np.object_)

    def _numbers(self, array: Array, missing: int) -> Array | None:
        if self.lowest is not None and bool((array < self.lowest).any()):
            return None
        if self.highest is not None and bool((array > self.highest).any()):
            return None
        if not self.is_float:
            return array
        # NaN compares as False: what is not a null must be within what the type can hold.
        if int(np.count_nonzero(np.abs(array) <= self.limit)) != len(array) - missing:
            return None
        return array.astype(self.dtype, copy=False)

    def convert_each(
        self, values: list[Any], rows: Sequence[Container[str]], problems: list[Problem]
    ) -> Array:
        """The same rules value by value; adds to `problems`, at most MAX_PROBLEMS a column.
        `rows` say which fields each row has."""
        converted: list[Any] = []
        count = 0
        for index, value in enumerate(values):
            try:
                converted.append(self.one(value))
            except ValueError:
                absent = value is None and self.spec.name not in rows[index]
                problems.append(self.problem(index, value, absent))
                count += 1
                if count == MAX_PROBLEMS:
                    break
        if count:
            return np.empty(0)
        return np.array(converted, self.dtype).reshape(len(values), *self.spec.shape)

    def problem(self, row: int, value: Any, absent: bool = False) -> Problem:
        """What to say of a value that `one` refuses; `absent`: the row has no such field."""
        shown = "no such field" if absent else shorten(value)
        expected, reason = describe(self.spec), self._reason(value)
        if reason == "length":
            expected += f" of at most {self.longest:,} characters"
        return Problem(row, self.spec.name, shown, expected, reason)

    def _reason(self, value: Any) -> str:
        """Why `one` refused a value."""
        if value is None:
            return "missing"
        if self.spec.dtype == "string" and type(value) is str:
            return "length" if len(value) > self.longest else "category"
        number = self.spec.dtype not in ("string", "bool") and type(value) in (int, float)
        whole = self.is_float or type(value) is int or (number and value.is_integer())
        return "range" if number and whole else "type"

    def one(self, value: Any) -> Any:
        """One value as the model takes it; ValueError where the contract does not allow it."""
        if value is None and self.spec.nullable:
            return float("nan") if self.is_float else ""
        kind = type(value)
        if self.spec.dtype in ("string", "bool"):
            if kind not in self.plain or (self.only is not None and value not in self.only):
                raise ValueError
            if kind is str and len(value) > self.longest:
                raise ValueError
            return value
        if kind not in (int, float):
            raise ValueError
        if not self.is_float and kind is float:
            if not value.is_integer():
                raise ValueError
            value = int(value)
        self._within(value)
        return value

    def _within(self, value: float) -> None:
        # float32 and float64 are symmetric, int64 is not: its limit itself is one too many.
        fits = -self.limit <= value <= self.limit and (self.is_float or value != 2**63)
        low = self.lowest is None or value >= self.lowest
        if not (fits and low and (self.highest is None or value <= self.highest)):
            raise ValueError


class Tensor(Column):
    """An input with a shape: nested lists, no part of which may be null."""

    def convert(self, values: list[Any], kinds: set[type]) -> Array | None:
        if kinds != {list}:
            return None
        try:
            flat = [leaf for value in values for leaf in _leaves(value, self.spec.shape)]
        except ValueError:
            return None
        array = super().convert(flat, set(map(type, flat)))
        return None if array is None else array.reshape(len(values), *self.spec.shape)

    def adopt(self, array: Array) -> Array | None:
        flat = super().adopt(array.reshape(-1))
        return None if flat is None else flat.reshape(array.shape)

    def one(self, value: Any) -> Any:
        return [super(Tensor, self).one(leaf) for leaf in _leaves(value, self.spec.shape)]


def _leaves(value: Any, shape: tuple[int, ...]) -> list[Any]:
    """The values of a nested list in row-major order; ValueError unless it has `shape`."""
    if not shape:
        return [value]
    if type(value) is not list or len(value) != shape[0]:
        raise ValueError
    if len(shape) == 1:
        return value
    return [leaf for part in value for leaf in _leaves(part, shape[1:])]


def column_of(spec: Input, text_length: int) -> Column:
    """The column of an input; DocumentError for one that cannot be."""
    if spec.dtype not in DTYPES:
        raise DocumentError(f"inputs: {spec.name}: rows of JSON cannot carry {spec.dtype}")
    if spec.nullable and (spec.dtype in ("int64", "bool") or spec.shape):
        what = "a tensor" if spec.shape else spec.dtype
        raise DocumentError(
            f"inputs: {spec.name}: {what} cannot be nullable, since it has no value for null; "
            "export it as float32"
        )
    return Tensor(spec, text_length) if spec.shape else Column(spec, text_length)
