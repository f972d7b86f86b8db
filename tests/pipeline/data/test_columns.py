from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.data.columns import conform, dtype_of, feature, feature_names, is_missing
from pipeline.errors import PipelineError
from serving.contract import Roles

ROLES = Roles(label="y", row_id="id", timestamp="at")


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (pd.Series([1, 2], dtype="uint8"), "int64", [1, 2]),
        (pd.Series([1, None], dtype="Int64"), "float32", [1.0, np.nan]),
        (pd.Series([1, None]), "float32", [1.0, np.nan]),
        (pd.Series([0.1, 2.0]), "float32", [np.float32(0.1), 2.0]),
        (pd.Series([1, 2.5], dtype=object), "float32", [1.0, 2.5]),
        (pd.Series([3, 4], dtype=object), "int64", [3, 4]),
        (pd.Series([True, False]), "bool", [True, False]),
        (pd.Series([True, False], dtype=object), "bool", [True, False]),
        (pd.Series(["a", None]), "string", ["a", ""]),
        (pd.Series(["a", None], dtype=object), "string", ["a", ""]),
        (pd.Series(["a", "b"], dtype="category"), "string", ["a", "b"]),
        (pd.Series([1, 2], dtype="category"), "int64", [1, 2]),
        (pd.Series([None, None], dtype=object), "float32", [np.nan, np.nan]),
    ],
)
def test_a_feature_gets_a_type_that_a_request_can_carry(
    values: pd.Series, dtype: str, expected: list[Any]
) -> None:
    column = feature(values)
    assert dtype_of(column) == dtype
    kind = object if dtype == "string" else column.dtype
    np.testing.assert_array_equal(column.to_numpy(), np.array(expected, dtype=kind))


def test_missing_means_nan_or_the_empty_text() -> None:
    assert is_missing(feature(pd.Series(["a", None]))).tolist() == [False, True]
    assert is_missing(feature(pd.Series([1.0, None]))).tolist() == [False, True]
    assert is_missing(feature(pd.Series([1, 2]))).tolist() == [False, False]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (pd.to_datetime(pd.Series(["2024-01-01"])), "dates"),
        (pd.to_datetime(pd.Series(["2024-01-01"]), utc=True), "dates"),
        (pd.Series([pd.Timedelta("1h")]), "timedelta"),
        (pd.Series(["a", 1], dtype=object), "a mix of int and str"),
        (pd.Series([True, None], dtype=object), "booleans with missing values"),
        (pd.Series([True, None], dtype="boolean"), "booleans with missing values"),
        (pd.Series([[1], [2]], dtype=object), "list"),
        (pd.Series([1 + 2j]), "complex"),
        (pd.Series([2**63], dtype="uint64"), "beyond 64 bits"),
    ],
)
def test_what_no_request_can_carry_is_refused_by_name(values: pd.Series, found: str) -> None:
    with pytest.raises(PipelineError, match=found) as error:
        feature(values.rename("when"))
    assert "'when'" in str(error.value)
    assert "dvc repro" in str(error.value)


def rows(**columns: Any) -> pd.DataFrame:
    base = {"id": [1, 2], "at": pd.to_datetime(["2024-01-01", "2024-01-02"]), "y": [0, 1]}
    return pd.DataFrame(base | columns)


def test_roles_get_their_types() -> None:
    frame = conform(rows(), ROLES, classes=True)
    assert frame["id"].tolist() == ["1", "2"]
    zoned = pd.to_datetime(["2024-01-01T23:00-05:00", "2024-01-02T00:00-05:00"])
    assert str(conform(rows(at=zoned), ROLES, classes=True)["at"][0]) == "2024-01-02 04:00:00"


def test_a_cluster_is_text_like_the_id_of_a_row() -> None:
    roles = Roles(label="y", row_id="id", timestamp="at", cluster="day")
    frame = conform(rows(day=[20240101, 20240102], stock=[1, 2]), roles, classes=True)
    assert frame["day"].tolist() == ["20240101", "20240102"]
    assert frame["stock"].tolist() == [1, 2], "a feature stays what it is"


def test_features_have_no_role_and_do_not_say_which_part_a_row_belongs_to() -> None:
    frame = rows(part=["train", "holdout"], stock=[1, 2], shop=["a", "b"])
    assert feature_names(frame, ROLES, "part") == ["stock", "shop"]
    assert feature_names(frame, ROLES, None) == ["part", "stock", "shop"]


def test_a_table_of_roles_alone_has_no_feature_left() -> None:
    for frame, column in ((rows(), None), (rows(part=["train", "holdout"]), "part")):
        with pytest.raises(PipelineError, match=r"no feature is left.*dvc repro"):
            feature_names(frame, ROLES, column)


def test_a_timestamp_of_text_and_a_label_of_fractions_are_refused() -> None:
    with pytest.raises(PipelineError, match=r"data.roles.timestamp.*to_datetime"):
        conform(rows(at=["monday", "tuesday"]), ROLES, classes=True)
    with pytest.raises(PipelineError, match="fractions as the label of classes"):
        conform(rows(y=[0.5, 1.0]), ROLES, classes=True)
    with pytest.raises(PipelineError, match="label of a regression"):
        conform(rows(y=["a", "b"]), ROLES, classes=False)


@pytest.mark.parametrize("dtype", ["bool", "boolean", "object"])
def test_true_and_false_are_no_label_of_a_regression(dtype: str) -> None:
    label = pd.Series([True, False], dtype=dtype)
    with pytest.raises(PipelineError, match=r"bool.* as the label of a regression"):
        conform(rows(y=label), ROLES, classes=False)
    assert conform(rows(y=label), ROLES, classes=True)["y"].tolist() == [True, False]
