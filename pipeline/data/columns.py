"""Give every feature one of the types that a request can carry.

    whole numbers without missing values   int64
    other numbers                          float32, missing = NaN (what ONNX computes in)
    true and false, none missing           bool
    text and categories                    string, missing = "" (ONNX has no missing string)

Anything else stops here, with what to do about it, rather than at the first request.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from pipeline.errors import PipelineError
from serving.contract import Contract, Dtype, Roles

_NUMPY: dict[Dtype, str] = {"float32": "float32", "int64": "int64", "bool": "bool"}


def conform(frame: pd.DataFrame, roles: Roles, *, classes: bool) -> pd.DataFrame:
    """`frame` with converted features and roles.

    Raises:
        PipelineError: a column has a type that no request can carry.
    """
    out = {}
    for name in frame.columns:
        column = frame[name]
        if name == roles.label:
            column = as_label(column, classes)
        elif name == roles.timestamp:
            column = _timestamp(column)
        elif name in (roles.row_id, roles.cluster):
            column = column.astype("string").astype(object)
        else:
            column = feature(column)
        out[name] = column
    return pd.DataFrame(out)


def feature_names(frame: pd.DataFrame, roles: Roles, split_column: str | None) -> list[str]:
    """The columns that the model may see, in their order.

    Raises:
        PipelineError: there is none.
    """
    names = [n for n in frame.columns if n not in roles.excluded() and n != split_column]
    if not names:
        raise PipelineError(
            "every column that model.load returns has a role, so no feature is left. Mend "
            "data.roles in params.yaml or model/ and run `dvc repro`."
        )
    return names


def feature(column: pd.Series) -> pd.Series:
    """One feature in the type that the model and the request will have."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if types.is_object_dtype(column.dtype):
        column = _object(column)
    if types.is_bool_dtype(column.dtype):
        if column.isna().any():
            raise _refuse(column, "booleans with missing values", 'the text "yes", "no" and ""')
        return column.astype(bool)
    if types.is_integer_dtype(column.dtype) and not column.isna().any():
        return _whole(column)
    if types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype):
        return column.astype("float64").astype("float32")
    if types.is_string_dtype(column.dtype):
        return column.astype(object).where(column.notna(), "").astype("str")
    if types.is_datetime64_any_dtype(column.dtype):
        raise _refuse(
            column, "dates", "numbers (hour, weekday), or name it as data.roles.timestamp"
        )
    raise _refuse(column, f"values of type {column.dtype}", "numbers, text or booleans")


def dtype_of(column: pd.Series) -> Dtype:
    """The contract's name for the type of a conformed feature."""
    if types.is_bool_dtype(column.dtype):
        return "bool"
    if types.is_integer_dtype(column.dtype):
        return "int64"
    return "float32" if types.is_float_dtype(column.dtype) else "string"


def is_missing(column: pd.Series) -> pd.Series:
    """Where a conformed feature has no value."""
    return column == "" if dtype_of(column) == "string" else column.isna()


def _whole(column: pd.Series) -> pd.Series:
    if len(column) and int(column.max()) > 2**63 - 1:
        raise _refuse(column, "numbers beyond 64 bits", "text")
    return column.astype("int64")


def _object(column: pd.Series) -> pd.Series:
    """Python objects: fine if they all have one type."""
    present = column.dropna()
    kinds = sorted({type(value).__name__ for value in present})
    if kinds in (["float", "int"], ["float"], ["int"]):
        return pd.to_numeric(column)
    if len(kinds) > 1:
        raise _refuse(column, f"a mix of {' and '.join(kinds)}", "one type")
    if kinds == ["bool"]:
        return column.astype("boolean")
    if not kinds:
        return column.astype("float32")  # nothing but missing values
    if kinds == ["str"]:
        return column.astype("string")
    raise _refuse(column, f"values of type {kinds[0]}", "numbers, text or booleans")


def as_label(column: pd.Series, classes: bool) -> pd.Series:
    """A label as training has it: float64 for a regression, else whole numbers, text or booleans.

    Raises:
        PipelineError: it holds something else.
    """
    if types.is_object_dtype(column.dtype) and not column.isna().any():
        column = column.infer_objects()
    if not classes:
        if not types.is_numeric_dtype(column.dtype) or types.is_bool_dtype(column.dtype):
            raise _refuse(column, f"{column.dtype} as the label of a regression", "numbers")
        return column.astype("float64")
    if types.is_float_dtype(column.dtype):
        present = column.dropna()
        if not (present == present.round()).all():
            raise _refuse(column, "fractions as the label of classes", "whole numbers or text")
        return column.astype("Int64")
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(column.cat.categories.dtype)
    return column


def _timestamp(column: pd.Series) -> pd.Series:
    if not types.is_datetime64_any_dtype(column.dtype):
        raise PipelineError(
            f"column {column.name!r} is data.roles.timestamp and holds {column.dtype}; dates were "
            "expected. Let model.load convert it with pandas.to_datetime and run `dvc repro`."
        )
    if getattr(column.dtype, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.astype("datetime64[us]")


def _refuse(column: pd.Series, actual: str, expected: str) -> PipelineError:
    return PipelineError(
        f"column {column.name!r} holds {actual}, which no request can carry. Let model.load "
        f"return {expected}, or drop the column; then run `dvc repro`."
    )


def arrays(rows: pd.DataFrame, contract: Contract) -> dict[str, np.ndarray]:
    """Conformed features as a service hands them to a model: [rows] by input, NaN and "" where
    one is missing."""
    return {
        spec.name: rows[spec.name].to_numpy(dtype=_NUMPY.get(spec.dtype, object))
        for spec in contract.inputs
    }
