"""Cells of a CSV file as the values that they say.

An empty cell is null. A number is written with digits, at most one point and an exponent; a truth
is true or false, whatever the case. Texts are what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from serving.contract import Input
from serving.rows.column import Array

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
TRUTH = "^(true|false)$"
WHOLE = r"^-?[0-9]{1,18}$"  # surely an int64


@dataclass(frozen=True, slots=True)
class Cells:
    """Values of a column. `unread` marks the cells that say no value of its type, [rows]; they are
    null in `values`, and `texts` has what stands there."""

    values: pa.Array
    unread: Array | None = None
    texts: pa.Array | None = None

    def shown(self, row: int) -> Any:
        """What row `row` has, for a message."""
        if self.unread is not None and self.unread[row] and self.texts is not None:
            return self.texts[row].as_py()
        return self.values[row].as_py()


def read_cells(texts: pa.Array, spec: Input) -> Cells:
    """The cells of an input."""
    if spec.dtype == "string":
        return Cells(texts)
    if spec.dtype == "bool":
        lower = pc.utf8_lower(texts)
        fits = pc.match_substring_regex(lower, TRUTH)
        return _read(texts, fits, lower, pa.bool_())
    whole = pc.all(pc.match_substring_regex(texts, WHOLE)).as_py() is not False
    if spec.dtype == "int64" and whole:
        return Cells(texts.cast(pa.int64()))
    return _read(texts, pc.match_substring_regex(texts, NUMBER), texts, pa.float64())


def _read(texts: pa.Array, fits: pa.Array, plain: pa.Array, kind: pa.DataType) -> Cells:
    """Cast what fits; what does not is null, and known as unread unless it was null before."""
    fits = pc.fill_null(fits, True)
    if pc.all(fits).as_py() is not False:
        return Cells(_cast(plain, kind))
    values = _cast(pc.if_else(fits, plain, pa.scalar(None, pa.string())), kind)
    unread = pc.invert(fits).to_numpy(zero_copy_only=False)
    if not unread.any():
        return Cells(values)
    return Cells(values, unread, texts)


def _cast(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    if kind == pa.float64():
        # Arrow knows no plus in front.
        texts = pc.replace_substring_regex(texts, r"^\+", "")
    return texts.cast(kind)
