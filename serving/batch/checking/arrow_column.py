"""One input of the contract: an Arrow column → a numpy array and which rows of it are allowed.

The rules are those of serving.rows.column, whose words explain each refused value; here they are
put to all rows at once. NaN is a null, as in arrays that a client makes. What is of no usual type
is looked at value by value, by that column itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.contract import Input
from serving.errors import Problem
from serving.rows.column import Array, column_of
from serving.rows.messages import describe, shorten

JSON = (bool, int, float, str, list, dict, type(None))
INT64 = (-(2.0**63), 2.0**63)  # as floats: the upper one is one too many


@dataclass(frozen=True, slots=True)
class Text:
    """The strings of a column: `known`[`codes`], each different one once."""

    known: Array
    codes: Array

    def values(self) -> Array:
        """[rows] of Python strings."""
        values: Array = self.known[self.codes]
        return values


@dataclass(frozen=True, slots=True)
class Checked:
    """A column as the model takes it, [rows, *shape], and which rows are `allowed`, [rows]; None
    where all are. What stands in a row that is not allowed means nothing."""

    values: Array | Text
    allowed: Array | None


class ArrowColumn:
    """A column of `spec` whose strings have at most `text_length` characters."""

    def __init__(self, spec: Input, text_length: int) -> None:
        self.spec = spec
        self._column = column_of(spec, text_length)

    @property
    def expected(self) -> str:
        """What a value has to be, in words."""
        return describe(self.spec)

    def misfit(self, kind: pa.DataType) -> bool:
        """Whether no value of a column of this type, nulls apart, can be allowed."""
        if pa.types.is_null(kind):
            return False
        if pa.types.is_dictionary(kind):
            return self.misfit(kind.value_type)
        for _ in self.spec.shape:
            if not _is_list(kind):
                return True
            kind = kind.value_type
        return not {
            "string": is_text(kind),
            "bool": pa.types.is_boolean(kind),
        }.get(self.spec.dtype, _is_number(kind))

    def check(self, array: pa.Array) -> Checked:
        """Look at all values of `array`."""
        if self.spec.shape:
            return self._tensors(array)
        if self.misfit(array.type) or pa.types.is_null(array.type):
            return self._one_by_one(array)
        if self.spec.dtype == "string":
            return self._texts(array)
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if self.spec.dtype == "bool":
            return self._bools(array)
        if self.spec.dtype == "int64":
            return self._integers(array)
        return self._floats(array)

    def problem(self, row: int, value: Any) -> Problem | None:
        """Why a value of row `row` is refused; None if it is allowed."""
        value = self._plain(value)
        try:
            self._column.one(value)
        except ValueError:
            if isinstance(value, _Foreign):
                return Problem(row, self.spec.name, value.shown, describe(self.spec), "type")
            return self._column.problem(row, value)
        return None

    def _floats(self, array: pa.Array) -> Checked:
        numbers = _to_float64(array)
        spec, limit = self.spec, self._column.limit
        low = -limit if spec.range is None else max(-limit, spec.range[0])
        high = limit if spec.range is None else min(limit, spec.range[1])
        allowed = (numbers >= low) & (numbers <= high)
        if spec.nullable:
            missing = np.isnan(numbers)
            if missing.any():
                allowed |= missing
        with np.errstate(over="ignore"):  # of what is not allowed
            values: Array = numbers.astype(self._column.dtype, copy=False)
        return Checked(values, _some(allowed))

    def _integers(self, array: pa.Array) -> Checked:
        missing = None
        if array.null_count:
            missing = array.is_null().to_numpy(zero_copy_only=False)
            array = array.fill_null(0)
        if pa.types.is_integer(array.type):
            numbers: Array = array.to_numpy(zero_copy_only=False)
            allowed: Array = np.ones(len(numbers), np.bool_)
            if numbers.dtype == np.uint64:
                allowed = numbers <= np.uint64(2**63 - 1)
            values = numbers.astype(np.int64)
        else:
            numbers = _to_float64(array)
            with np.errstate(invalid="ignore"):
                allowed = (numbers >= INT64[0]) & (numbers < INT64[1])
                allowed &= np.floor(numbers) == numbers
                values = np.where(allowed, numbers, 0).astype(np.int64)
        if self.spec.range is not None:
            allowed &= (values >= self.spec.range[0]) & (values <= self.spec.range[1])
        if missing is not None:
            allowed &= ~missing
        return Checked(values, _some(allowed))

    def _bools(self, array: pa.Array) -> Checked:
        allowed = None
        if array.null_count:
            allowed = array.is_valid().to_numpy(zero_copy_only=False)
            array = array.fill_null(False)
        return Checked(array.to_numpy(zero_copy_only=False), allowed)

    def _texts(self, array: pa.Array) -> Checked:
        if pa.types.is_string_view(array.type):
            array = array.cast(pa.string())
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        known = array.dictionary
        codes = array.indices
        if array.null_count or known.null_count:
            return self._texts_with_nulls(array)
        values = known.to_numpy(zero_copy_only=False).astype(np.object_)
        text = Text(values, codes.to_numpy(zero_copy_only=False))
        fine = self._known_allowed(values)
        return Checked(text, None if fine.all() else _some(fine[text.codes]))

    def _texts_with_nulls(self, array: pa.Array) -> Checked:
        """A null is "" for the model, and allowed where the contract says nullable."""
        plain = array.cast(array.type.value_type)
        missing = plain.is_null().to_numpy(zero_copy_only=False)
        encoded = plain.fill_null("").dictionary_encode()
        values = encoded.dictionary.to_numpy(zero_copy_only=False).astype(np.object_)
        text = Text(values, encoded.indices.to_numpy(zero_copy_only=False))
        allowed = self._known_allowed(values)[text.codes]
        allowed[missing] = self.spec.nullable
        return Checked(text, _some(allowed))

    def _known_allowed(self, values: Array) -> Array:
        only, longest = self._column.only, self._column.longest
        return np.fromiter(
            (len(v) <= longest and (only is None or v in only) for v in values),
            np.bool_,
            len(values),
        )

    def _tensors(self, array: pa.Array) -> Checked:
        """All at once where each row has the right shape, no part of it null."""
        flat, rows = array, len(array)
        for size in self.spec.shape:
            if not _is_list(flat.type) or flat.null_count:
                return self._one_by_one(array)
            lengths = pc.list_value_length(flat)
            if len(flat) and not pc.all(pc.equal(lengths, size)).as_py():
                return self._one_by_one(array)
            flat = flat.flatten()
        if flat.null_count or not rows:
            return self._one_by_one(array)
        leaf = ArrowColumn(self.spec.model_copy(update={"shape": ()}), self._column.longest)
        if leaf.misfit(flat.type) or pa.types.is_null(flat.type):
            return self._one_by_one(array)
        checked = leaf.check(flat)
        values = checked.values
        whole = values.values() if isinstance(values, Text) else values
        allowed = checked.allowed
        if allowed is not None:
            whole_rows: Array = np.all(allowed.reshape(rows, -1), axis=1)
            allowed = _some(whole_rows)
        return Checked(whole.reshape(rows, *self.spec.shape), allowed)

    def _one_by_one(self, array: pa.Array) -> Checked:
        converted: list[Any] = []
        allowed = np.ones(len(array), np.bool_)
        filler = np.zeros(self.spec.shape, self._column.dtype).tolist()
        if self.spec.dtype == "string":
            filler = np.full(self.spec.shape, "", np.object_).tolist()
        for row, value in enumerate(array.to_pylist()):
            try:
                converted.append(self._column.one(self._plain(value)))
            except ValueError:
                allowed[row] = False
                converted.append(filler)
        values: Array = np.array(converted, self._column.dtype).reshape(
            len(array), *self.spec.shape
        )
        return Checked(values, _some(allowed))

    def _plain(self, value: Any) -> Any:
        """A cell as JSON has it; what JSON has not is nothing that a rule allows."""
        if isinstance(value, Decimal):
            value = float(value)
        if isinstance(value, float) and math.isnan(value) and self.spec.nullable:
            return None
        return value if isinstance(value, JSON) else _Foreign(value)


class _Foreign:
    """A value of a type that JSON does not have, such as a date."""

    def __init__(self, value: Any) -> None:
        self._value = value

    @property
    def shown(self) -> str:
        return shorten(str(self._value))


def _some(allowed: Array) -> Array | None:
    return None if allowed.all() else allowed


def _to_float64(array: pa.Array) -> Array:
    if pa.types.is_decimal(array.type):  # Arrow's own cast misses the nearest float by a bit
        array = array.cast(pa.string())
    if pa.types.is_string(array.type) or pa.types.is_float16(array.type):
        array = array.cast(pa.float64())
    numbers: Array = array.to_numpy(zero_copy_only=False)
    return numbers.astype(np.float64, copy=False)


def _is_number(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def is_text(kind: pa.DataType) -> bool:
    """Whether it is one of Arrow's types of strings, each value by itself."""
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_list(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))
