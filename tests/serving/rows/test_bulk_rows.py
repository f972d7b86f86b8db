"""Plain rows take a shorter way to the same columns; whatever is odd takes the longer one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.contract import Input
from serving.errors import InvalidRows
from serving.rows.batch import Batch
from serving.rows.bulk_rows import BulkRows
from serving.rows.column import Array, column_of
from serving.rows.validate import Validator
from tests.serving.rows.test_validate import contract_of

INPUTS = (
    Input(name="a", dtype="float32", nullable=True),
    Input(name="b", dtype="float32", range=(0.0, 10.0)),
    Input(name="c", dtype="float32"),
    Input(name="d", dtype="int64", range=(0, 23)),
    Input(name="e", dtype="bool"),
    Input(name="f", dtype="string", nullable=True),
    Input(name="g", dtype="string", categories=("x", "y"), unseen="reject"),
)
CONTRACT = contract_of(dtype="float32").model_copy(update={"inputs": INPUTS})
ROW = {"a": None, "b": 10, "c": -1.5, "d": 23, "e": True, "f": None, "g": "x"}
LENGTH = 5
VALIDATOR = Validator(CONTRACT, text_length=LENGTH)
PLAIN = BulkRows([column_of(spec, LENGTH) for spec in INPUTS])

number = st.floats(-1e6, 1e6, width=32) | st.integers(-(2**53), 2**53)
FITTING = {
    "a": st.none() | number,
    "b": st.floats(0, 10) | st.integers(0, 10),
    "c": number,
    "d": st.integers(0, 23),
    "e": st.booleans(),
    "f": st.none() | st.text(max_size=LENGTH),
    "g": st.sampled_from(["x", "y"]),
}
ODD: tuple[Any, ...] = (
    *(None, True, -1, 24, 25, 2**63, -(2**63), 10**400, 3.0, 3.5, 1e39, -1e39, [], {}),
    *("z", "", "x" * LENGTH, "x" * (LENGTH + 1)),
)
plain_rows = st.lists(
    st.fixed_dictionaries(FITTING, optional={"other": st.sampled_from(ODD)}),
    min_size=1,
    max_size=12,
)


def longer_way(rows: list[dict[str, Any]]) -> Batch | None:
    """Column by column and value by value; None where something is refused."""
    try:
        return VALIDATOR._closer(rows)
    except InvalidRows:
        return None


def require_equal(short: dict[str, Array], long: Batch) -> None:
    assert list(short) == list(long.columns)
    for name, column in long.columns.items():
        assert short[name].dtype == column.dtype
        np.testing.assert_array_equal(short[name], column)


@given(plain_rows)
def test_what_fits_takes_the_short_way_to_the_same_columns(rows: list[dict[str, Any]]) -> None:
    short, long = PLAIN(rows), longer_way(rows)
    assert short is not None
    assert long is not None
    require_equal(short, long)


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("field", sorted(FITTING))
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_an_odd_value_goes_through_both_ways_or_through_none(
    value: Any, field: str, count: int
) -> None:
    rows = [*[ROW] * (count - 1), ROW | {field: value}]
    short, long = PLAIN(rows), longer_way(rows)
    if long is None:
        assert short is None
    elif short is not None:  # else the longer way decides
        require_equal(short, long)


@pytest.mark.parametrize("field", sorted(FITTING))
def test_a_field_that_lacks_is_for_the_longer_way(field: str) -> None:
    assert PLAIN([ROW, {name: value for name, value in ROW.items() if name != field}]) is None


@pytest.mark.parametrize("count", [1, 2, 300])
def test_what_is_plain_takes_the_short_way(count: int) -> None:
    assert PLAIN([dict(ROW) for _ in range(count)]) is not None
    assert VALIDATOR([ROW | {"more": 1} for _ in range(count)]).ignored == count
