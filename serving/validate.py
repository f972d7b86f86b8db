"""JSON rows → numpy columns, by the contract and by nothing else.

A column is converted at once where every value has a plain type; only a column in which
something is odd, or of few rows, is looked at value by value. Both ways follow the same rules:

    bool             true or false, nothing else
    int64            an integer, or a float without a fraction; a bool is not a number
    float32, float64 a finite number that the type can hold
    string           a string
    null             only where the contract says nullable: NaN for floats, "" for strings
    a tensor         nested lists of exactly the declared shape, each value as above

A field that is missing counts as null. Unknown fields are ignored and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.contract import Contract, ContractError, Input
from serving.expected import describe, shorten

MAX_PROBLEMS = 20
FEW = 8  # up to so many rows numpy costs more than a look at each value
_DTYPES: Mapping[str, type] = {
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
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that cannot be used. `row` is its index in the request."""

    row: int
    field: str | None
    value: str
    expected: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class InvalidRows(ValueError):  # noqa: N818 - it reads as what it is: the rows are invalid
    """The rows do not fit the contract; `problems` holds the first MAX_PROBLEMS by row."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = problems[0]
        where = f"row {first.row}" + (f", {first.field}" if first.field else "")
        more = " (one of several problems)" if len(problems) > 1 else ""
        super().__init__(f"{where}: found {first.value}, expected {first.expected}{more}")


@dataclass(frozen=True, slots=True)
class Batch:
    """Columns for the model, one array per input of the contract; [rows, *shape] each."""

    columns: Mapping[str, Array]
    rows: int
    ignored: int


class Validator:
    """Turns the rows of requests into columns.

    Raises:
        ContractError: an input that no ONNX graph can be given: nullable int64 or bool, bytes.
    """

    def __init__(self, contract: Contract) -> None:
        self._columns = tuple(_column(spec) for spec in contract.inputs)

    def __call__(self, rows: Sequence[Any]) -> Batch:
        """Convert `rows`, a list of JSON objects.

        Raises:
            InvalidRows: naming row, field, value and what is allowed.
        """
        if set(map(type, rows)) - {dict}:
            raise InvalidRows(list(islice(_not_objects(rows), MAX_PROBLEMS)))
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
        if problems:
            raise InvalidRows(sorted(problems, key=lambda problem: problem.row)[:MAX_PROBLEMS])
        return Batch(arrays, len(rows), sum(map(len, rows)) - known)


def _not_objects(rows: Sequence[Any]) -> Iterator[Problem]:
    for index, row in enumerate(rows):
        if type(row) is not dict:
            yield Problem(index, None, shorten(row), "an object of field: value")


class _Column:
    """A scalar input."""

    def __init__(self, spec: Input) -> None:
        self.spec = spec
        self.dtype = _DTYPES[spec.dtype]
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
        return self._numbers(array, values, kinds) if self.spec.dtype != "bool" else array

    def _strings(self, values: list[Any], kinds: set[type]) -> Array | None:
        if self.only is not None and not self.only.issuperset(v for v in values if v is not None):
            return None
        if NoneType in kinds:
            values = ["" if value is None else value for value in values]
        return np.array(values, np.object_)

    def _numbers(self, array: Array, values: list[Any], kinds: set[type]) -> Array | None:
        if self.lowest is not None and bool((array < self.lowest).any()):
            return None
        if self.highest is not None and bool((array > self.highest).any()):
            return None
        if not self.is_float:
            return array
        missing = values.count(None) if NoneType in kinds else 0
        # NaN compares as False: what is not a null must be within what the type can hold.
        if int(np.count_nonzero(np.abs(array) <= self.limit)) != len(array) - missing:
            return None
        return array.astype(self.dtype, copy=False)

    def convert_each(
        self, values: list[Any], rows: Sequence[Any], problems: list[Problem]
    ) -> Array:
        """The same rules value by value; adds to `problems`, at most MAX_PROBLEMS a column."""
        converted: list[Any] = []
        found = 0
        for index, value in enumerate(values):
            try:
                converted.append(self.one(value))
            except ValueError:
                missing = value is None and self.spec.name not in rows[index]
                shown = "no such field" if missing else shorten(value)
                problems.append(Problem(index, self.spec.name, shown, describe(self.spec)))
                found += 1
                if found == MAX_PROBLEMS:
                    break
        if found:
            return np.empty(0)
        return np.array(converted, self.dtype).reshape(len(values), *self.spec.shape)

    def one(self, value: Any) -> Any:
        """One value as the model takes it; ValueError where the contract does not allow it."""
        if value is None and self.spec.nullable:
            return float("nan") if self.is_float else ""
        kind = type(value)
        if self.spec.dtype in ("string", "bool"):
            if kind not in self.plain or (self.only is not None and value not in self.only):
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


class _Tensor(_Column):
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

    def one(self, value: Any) -> Any:
        return [super(_Tensor, self).one(leaf) for leaf in _leaves(value, self.spec.shape)]


def _leaves(value: Any, shape: tuple[int, ...]) -> list[Any]:
    """The values of a nested list in row-major order; ValueError unless it has `shape`."""
    if not shape:
        return [value]
    if type(value) is not list or len(value) != shape[0]:
        raise ValueError
    if len(shape) == 1:
        return value
    return [leaf for part in value for leaf in _leaves(part, shape[1:])]


def _column(spec: Input) -> _Column:
    if spec.dtype not in _DTYPES:
        raise ContractError(f"inputs: {spec.name}: rows of JSON cannot carry {spec.dtype}")
    if spec.nullable and (spec.dtype in ("int64", "bool") or spec.shape):
        what = "a tensor" if spec.shape else spec.dtype
        raise ContractError(
            f"inputs: {spec.name}: {what} cannot be nullable, since it has no value for null; "
            "export it as float32"
        )
    return _Tensor(spec) if spec.shape else _Column(spec)
