"""Plain rows take a shorter way to the same columns; whatever is odd takes the longer one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.contract import Input
from serving.errors import InvalidRows
from serving.rows.bulk_rows import BulkRows
from serving.rows.column import column_of
from serving.rows.validate import Batch, Validator
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

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 25),
    st.sampled_from([2**63, -(2**63), 10**400]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["x", "y", "z", "", "x" * LENGTH, "x" * (LENGTH + 1)]),
    st.just([]),
)
rows = st.lists(
    st.dictionaries(st.sampled_from([*ROW, "other"]), values).map(lambda odd: ROW | odd),
    min_size=1,
    max_size=12,
)


@given(rows, st.booleans())
def test_both_ways_give_the_same_columns(rows: list[dict[str, Any]], lacking: bool) -> None:
    if lacking:
        del rows[0]["a"]
    short = PLAIN(rows)
    try:
        long: Batch | None = VALIDATOR._closer(rows)
    except InvalidRows:
        long = None
    if short is None:
        return  # then the longer way decides
    assert long is not None, "the short way lets nothing through that the long one refuses"
    assert list(short) == list(long.columns)
    for name, column in long.columns.items():
        assert short[name].dtype == column.dtype
        np.testing.assert_array_equal(short[name], column)


@pytest.mark.parametrize("count", [1, 2, 300])
def test_what_is_plain_takes_the_short_way(count: int) -> None:
    assert PLAIN([dict(ROW) for _ in range(count)]) is not None
    assert VALIDATOR([ROW | {"more": 1} for _ in range(count)]).ignored == count
