"""One input: whole columns, arrays of clients and single values follow the same rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serving.contract import Input
from serving.errors import Problem
from serving.rows.column import MAX_PROBLEMS, Tensor, column_of
from serving.settings.policy import TEXT_LENGTH
from serving.strict import DocumentError


def made(dtype: str, **fields: Any) -> Any:
    return column_of(Input.model_validate({"name": "x", "dtype": dtype} | fields), TEXT_LENGTH)


@pytest.mark.parametrize(
    ("dtype", "fields", "array", "expected"),
    [
        ("float32", {}, np.array([1, 2], np.uint8), [1.0, 2.0]),
        ("float32", {}, np.array([0.5], np.float16), [0.5]),
        ("float32", {}, np.array([np.nan]), None),
        ("float32", {}, np.array([1e39]), None),
        ("float32", {}, np.array([True]), None),
        ("int64", {}, np.array([2**63 - 1], np.uint64), [2**63 - 1]),
        ("int64", {}, np.array([2**63], np.uint64), None),
        ("int64", {}, np.array([1.0]), None),
        ("int64", {"range": (0, 5)}, np.array([6]), None),
        ("bool", {}, np.array([True, False]), [True, False]),
        ("bool", {}, np.array([1, 0]), None),
        ("string", {}, np.array(["a"], np.object_), ["a"]),
        (
            "string",
            {"categories": ("a",), "unseen": "reject"},
            np.array(["b"], np.object_),
            None,
        ),
    ],
)
def test_an_array_is_adopted_by_the_rules_of_values(
    dtype: str, fields: dict[str, Any], array: np.ndarray, expected: list[Any] | None
) -> None:
    adopted = made(dtype, **fields).adopt(array)
    assert (None if adopted is None else adopted.tolist()) == expected


def test_nan_of_an_array_is_null_where_null_is_allowed() -> None:
    array = np.array([1.0, np.nan], np.float32)
    nullable = made("float32", nullable=True)
    assert np.isnan(nullable.adopt(array)[1])
    assert nullable.nulled(array) == [1.0, None]
    assert made("float32").nulled(np.array([1.0])) == [1.0]


def test_problems_of_a_column_are_limited() -> None:
    problems: list[Problem] = []
    values = ["x"] * (MAX_PROBLEMS + 5)
    assert made("float32").convert_each(values, [{"x"}] * len(values), problems).size == 0
    assert len(problems) == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("dtype", "fields", "value", "reason"),
    [
        ("float32", {"range": (0, 1)}, 2, "range"),
        ("float32", {}, "2", "type"),
        ("int64", {}, 1.5, "type"),
        ("int64", {}, 2**63, "range"),
        ("bool", {}, None, "missing"),
        ("string", {"categories": ("a",), "unseen": "reject"}, "b", "category"),
        ("string", {}, "x" * (TEXT_LENGTH + 1), "length"),
    ],
)
def test_a_problem_has_the_reason_that_is_counted(
    dtype: str, fields: dict[str, Any], value: Any, reason: str
) -> None:
    problems: list[Problem] = []
    made(dtype, **fields).convert_each([value], [{"x"}], problems)
    assert [problem.reason for problem in problems] == [reason]


def test_a_tensor_is_filled_in_row_major_order() -> None:
    column = made("float32", shape=(2, 2))
    assert isinstance(column, Tensor)
    rows = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    assert column.convert(rows, {list}).tolist() == rows
    assert column.convert([[1, 2, 3, 4]], {list}) is None


@pytest.mark.parametrize(
    ("dtype", "fields", "message"),
    [
        ("bytes", {}, "rows of JSON cannot carry bytes"),
        ("int64", {"nullable": True}, "int64 cannot be nullable"),
        ("float32", {"nullable": True, "shape": (2,)}, "a tensor cannot be nullable"),
    ],
)
def test_an_input_that_no_row_can_carry_is_refused(
    dtype: str, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(DocumentError, match=message):
        made(dtype, **fields)
