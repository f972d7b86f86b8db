"""What the cells of a CSV file say."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.batch.checking.text_cells import read_cells
from serving.contract import Dtype, Input


@pytest.mark.parametrize(
    ("dtype", "text", "value"),
    [
        ("float32", "1.5", 1.5),
        ("float64", "-.5e3", -500.0),
        ("float64", "+7", 7.0),
        ("float64", "3.", 3.0),
        ("int64", "-12", -12),
        ("int64", "12.0", 12.0),
        ("bool", "True", True),
        ("bool", "false", False),
        ("string", "1.5", "1.5"),
        ("string", "", ""),
    ],
)
def test_values_that_are_read(dtype: Dtype, text: str, value: Any) -> None:
    for texts in ([text], [text, None]):
        cells = read_cells(pa.array(texts, pa.string()), Input(name="x", dtype=dtype))
        assert cells.unread is None
        assert cells.shown(0) == value


@pytest.mark.parametrize(
    ("dtype", "text"),
    [("float64", each) for each in ("", "nan", "inf", "1,5", " 1", "1e", "0x1", "١", "--1", "1_0")]
    + [("int64", "1.5.0"), ("bool", "1"), ("bool", "yes"), ("bool", "")],
)
def test_values_that_are_not(dtype: Dtype, text: str) -> None:
    cells = read_cells(pa.array([text, None, "1"]), Input(name="x", dtype=dtype))
    assert cells.unread is not None
    assert cells.unread.tolist()[:2] == [True, False]
    assert cells.shown(0) == text
    assert cells.values[0].as_py() is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_number_that_python_writes_is_read_exactly(numbers: list[float]) -> None:
    cells = read_cells(pa.array(list(map(repr, numbers))), Input(name="x", dtype="float64"))
    assert cells.unread is None
    assert cells.values.to_pylist() == numbers
