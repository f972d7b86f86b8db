"""Columns of a split, and its rows as a request carries them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from delivery.errors import HeldError
from serving.contract import Contract, Input

SPLITS = ("train", "validation", "holdout")
Table = Any  # pyarrow ships no types


def read_split(folder: Path, split: str) -> Table:
    """One of the three parquet files; HeldError if it is not there or not readable."""
    file = folder / f"{split}.parquet"
    try:
        return pq.read_table(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise HeldError(f"{file} cannot be read ({error}); `dvc repro` or `dvc pull`") from error


def column(table: Table, name: str, file: Path) -> Table:
    """A column, plain (not dictionary-encoded); HeldError names it if it is not there."""
    if name not in table.column_names:
        raise HeldError(f"{file.name} has no column {name!r}, which the contract names")
    values = table.column(name)
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    return values


def texts(values: Table) -> NDArray[Any]:
    """A column as strings, [rows]; a missing value is "missing"."""
    encoded = pc.dictionary_encode(values, null_encoding="encode").combine_chunks()
    names = ["missing" if value is None else str(value) for value in encoded.dictionary.to_pylist()]
    values_as_text: NDArray[Any] = np.array(names)[encoded.indices.to_numpy(zero_copy_only=False)]
    return values_as_text


def instances(table: Table, contract: Contract, file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a request: the inputs of the contract, NaN as null."""
    columns = [_sendable(column(table, spec.name, file), spec, file) for spec in contract.inputs]
    names = [spec.name for spec in contract.inputs]
    yield from pa.table(columns, names=names).to_pylist()


def _sendable(values: Table, spec: Input, file: Path) -> Table:
    """A column as JSON can carry it. Infinity would silently become null, so it is refused."""
    if pa.types.is_floating(values.type):
        infinite = pc.sum(pc.is_inf(values)).as_py()
        if infinite:
            raise HeldError(f"{file.name}: column {spec.name} is infinite in {infinite} rows")
        if spec.dtype == "int64":
            # A column of integers with a gap is a column of floats in a data frame.
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
            try:
                return pc.cast(values, pa.int64())
            except pa.ArrowInvalid as error:
                raise HeldError(f"{file.name}: column {spec.name} is not whole: {error}") from error
    return values
