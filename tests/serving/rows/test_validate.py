"""Rows fit the contract or are refused by name; one rule for few rows and for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from serving.contract import Contract, Input, Output, Roles
from serving.errors import InvalidRows
from serving.rows.batch import Batch
from serving.rows.column import MAX_PROBLEMS, Values
from serving.rows.validate import FEW, Validator
from serving.strict import DocumentError

MAX_FLOAT32 = float(np.finfo(np.float32).max)


def contract_of(**fields: Any) -> Contract:
    """A contract with the one input `x`."""
    return Contract(
        name="one",
        task="regression",
        inputs=(Input(name="x", **fields),),
        outputs=(Output(name="score", dtype="float32"),),
        roles=Roles(label="y", row_id="id"),
    )


def column(value: Any, *, copies: int, **fields: Any) -> Any:
    """The values of `x` after validation of `copies` rows; both ways through the validator."""
    rows = [{"x": value} for _ in range(copies)]
    return Validator(contract_of(**fields))(rows).columns["x"]


BOTH_WAYS = pytest.mark.parametrize("copies", [1, FEW, FEW + 1])


@BOTH_WAYS
@pytest.mark.parametrize(
    ("fields", "value", "expected"),
    [
        ({"dtype": "float32"}, 1, 1.0),
        ({"dtype": "float32"}, -0.5, -0.5),
        ({"dtype": "float32"}, MAX_FLOAT32, MAX_FLOAT32),
        ({"dtype": "float64"}, 1e300, 1e300),
        ({"dtype": "float64"}, 2**64 - 1, float(2**64 - 1)),
        ({"dtype": "int64"}, 3, 3),
        ({"dtype": "int64"}, 3.0, 3),
        ({"dtype": "int64"}, 2**63 - 1, 2**63 - 1),
        ({"dtype": "int64"}, -(2**63), -(2**63)),
        ({"dtype": "bool"}, True, True),
        ({"dtype": "string"}, "", ""),
        ({"dtype": "string"}, "a\x00b é", "a\x00b é"),
        ({"dtype": "float32", "range": (0, 1)}, 0, 0.0),
        ({"dtype": "float32", "range": (0, 1)}, 1, 1.0),
        ({"dtype": "string", "categories": ("a",), "unseen": "accept"}, "b", "b"),
        ({"dtype": "string", "categories": ("a",), "unseen": "reject"}, "a", "a"),
        ({"dtype": "string", "nullable": True}, None, ""),
        (
            {"dtype": "string", "nullable": True, "categories": ("a",), "unseen": "reject"},
            None,
            "",
        ),
    ],
)
def test_a_value_that_fits_is_taken(
    fields: dict[str, Any], value: Any, expected: Any, copies: int
) -> None:
    found = column(value, copies=copies, **fields)
    dtypes = {"string": np.object_, "bool": np.bool_}
    assert found.dtype == dtypes.get(fields["dtype"], fields["dtype"])
    assert found.tolist() == [expected] * copies


@BOTH_WAYS
def test_null_of_a_nullable_float_is_nan(copies: int) -> None:
    found = column(None, copies=copies, dtype="float32", nullable=True, range=(0, 1))
    assert found.dtype == np.float32
    assert np.isnan(found).all()


@BOTH_WAYS
@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"dtype": "float32"}, True),
        ({"dtype": "float32"}, "1"),
        ({"dtype": "float32"}, None),
        ({"dtype": "float32"}, float("nan")),
        ({"dtype": "float32", "nullable": True}, float("nan")),
        ({"dtype": "float32"}, float("inf")),
        ({"dtype": "float32"}, MAX_FLOAT32 * 1.01),
        ({"dtype": "float32", "range": (-1e40, 1e40)}, 1e39),
        ({"dtype": "float32", "range": (-1e40, 1e40)}, -1e39),
        ({"dtype": "float64"}, float("-inf")),
        ({"dtype": "float64"}, 10**400),
        ({"dtype": "float32"}, [1.0]),
        ({"dtype": "float32"}, {"a": 1}),
        ({"dtype": "int64"}, True),
        ({"dtype": "int64"}, 3.5),
        ({"dtype": "int64"}, 2**63),
        ({"dtype": "int64"}, float(2**63)),
        ({"dtype": "int64"}, -(2**63) - 1),
        ({"dtype": "int64"}, float("nan")),
        ({"dtype": "bool"}, 1),
        ({"dtype": "bool"}, "true"),
        ({"dtype": "bool"}, None),
        ({"dtype": "string"}, 1),
        ({"dtype": "string"}, None),
        ({"dtype": "float32", "range": (0, 1)}, -0.001),
        ({"dtype": "float32", "range": (0, 1)}, 1.001),
        ({"dtype": "int64", "range": (0, 23)}, 24),
        ({"dtype": "string", "categories": ("a",), "unseen": "reject"}, "b"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    fields: dict[str, Any], value: Any, copies: int
) -> None:
    with pytest.raises(InvalidRows) as caught:
        column(value, copies=copies, **fields)
    assert [problem.row for problem in caught.value.problems] == list(range(copies))
    assert {problem.field for problem in caught.value.problems} == {"x"}


@pytest.mark.parametrize(
    ("fields", "value", "shown", "expected"),
    [
        ({"dtype": "bool"}, 1, "1", "true or false"),
        ({"dtype": "int64", "range": (0, 23)}, 24, "24", "an integer (int64) from 0 to 23"),
        (
            {"dtype": "float32", "range": (0, 5), "unit": "mi", "nullable": True},
            9,
            "9",
            "a number (float32) from 0 to 5 mi, or null",
        ),
        (
            {"dtype": "string", "categories": ("a", "b"), "unseen": "reject"},
            "c",
            '"c"',
            'one of "a", "b"',
        ),
        ({"dtype": "float32"}, ["x"] * 1000, "a list of 1000", "a number (float32)"),
        ({"dtype": "float32"}, "x" * 10**6, '"' + "x" * 58 + "…", "a number (float32)"),
    ],
)
def test_a_problem_names_the_value_and_what_is_allowed(
    fields: dict[str, Any], value: Any, shown: str, expected: str
) -> None:
    with pytest.raises(InvalidRows) as caught:
        column(value, copies=1, **fields)
    [problem] = caught.value.problems
    assert (problem.value, problem.expected) == (shown, expected)
    assert str(caught.value) == f"row 0, x: found {shown}, expected {expected}"


def validate(rows: list[Any], **fields: Any) -> Batch:
    return Validator(contract_of(**({"dtype": "float32"} | fields)))(rows)


@pytest.mark.parametrize("copies", [1, FEW + 1])
def test_a_missing_field_is_null_where_null_is_allowed(copies: int) -> None:
    assert np.isnan(validate([{}] * copies, nullable=True).columns["x"]).all()
    with pytest.raises(InvalidRows) as caught:
        validate([{}] * copies)
    assert caught.value.problems[0].value == "no such field"


@pytest.mark.parametrize("copies", [1, FEW + 1])
def test_unknown_fields_are_counted(copies: int) -> None:
    rows = [{"x": 1.0, "y": 1, "z": None}] + [{"y": 2}] * copies
    assert validate(rows, nullable=True).ignored == 2 + copies


@pytest.mark.parametrize("rows", [1, FEW + 1])
def test_unknown_columns_are_counted_by_value(rows: int) -> None:
    given = {"x": [1.0] * rows, "y": [None] * rows, "z": np.zeros(rows)}
    batch = Validator(contract_of(dtype="float32")).columns(given, rows)
    assert (batch.rows, batch.ignored) == (rows, 2 * rows)


@pytest.mark.parametrize("rows", [1, FEW + 1])
@pytest.mark.parametrize("make", [list, lambda texts: np.array(texts, np.object_)])
def test_a_text_of_a_column_may_have_the_length_and_not_one_character_more(
    make: Callable[[list[str]], Values], rows: int
) -> None:
    validate_columns = Validator(contract_of(dtype="string"), text_length=5).columns
    longest, longer = ["x" * 5] * rows, [*["x"] * (rows - 1), "x" * 6]
    assert validate_columns({"x": make(longest)}, rows).columns["x"].tolist() == longest
    with pytest.raises(InvalidRows) as caught:
        validate_columns({"x": make(longer)}, rows)
    assert [(p.row, p.reason) for p in caught.value.problems] == [(rows - 1, "length")]


def test_nan_of_an_array_is_a_missing_value_only_where_one_may_be_missing() -> None:
    array = np.array([np.nan])
    assert np.isnan(
        Validator(contract_of(dtype="float32", nullable=True)).columns({"x": array}, 1).columns["x"]
    ).all()
    with pytest.raises(InvalidRows) as caught:
        Validator(contract_of(dtype="float32")).columns({"x": array}, 1)
    (problem,) = caught.value.problems
    assert (problem.value, problem.reason) == ("NaN", "range")


def test_a_row_that_is_no_object_is_refused() -> None:
    with pytest.raises(InvalidRows) as caught:
        validate([{"x": 1}, 5, [1]])
    assert [problem.row for problem in caught.value.problems] == [1, 2]


def test_problems_are_limited_and_in_the_order_of_rows() -> None:
    """The first rows come first, whichever column is wrong."""
    contract = contract_of(dtype="float32")
    contract = contract.model_copy(
        update={"inputs": (*contract.inputs, Input(name="y", dtype="bool"))}
    )
    with pytest.raises(InvalidRows) as caught:
        Validator(contract)([{"x": "a", "y": 1}] * 1000)
    problems = caught.value.problems
    assert len(problems) == MAX_PROBLEMS
    assert [problem.row for problem in problems[:4]] == [0, 0, 1, 1]


@BOTH_WAYS
def test_a_tensor_has_exactly_its_shape(copies: int) -> None:
    fields = {"dtype": "float32", "shape": (2, 3)}
    assert column([[1, 2, 3], [4, 5, 6]], copies=copies, **fields).shape == (copies, 2, 3)
    for wrong in ([1, 2, 3], [[1, 2, 3]], [[1, 2, 3], [4, 5]], [[1, 2, 3], [4, 5, None]], "x"):
        with pytest.raises(InvalidRows):
            column(wrong, copies=copies, **fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"dtype": "int64", "nullable": True}, "export it as float32"),
        ({"dtype": "bool", "nullable": True}, "export it as float32"),
        ({"dtype": "float32", "shape": (2,), "nullable": True}, "a tensor cannot be nullable"),
        ({"dtype": "bytes"}, "cannot carry bytes"),
    ],
)
def test_an_input_without_a_value_for_null_stops_the_start(
    fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DocumentError, match=reason):
        Validator(contract_of(**fields))
