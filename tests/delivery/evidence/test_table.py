"""Columns of a split, and its rows as JSON can carry them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from delivery.errors import HeldError
from delivery.evidence.table import column, instances, read_split, texts
from tests.delivery.evidence.rows import CONTRACT, FILE, rows


def test_a_split_is_read_and_one_that_cannot_be_holds(tmp_path: Path) -> None:
    pq.write_table(rows(3), tmp_path / "train.parquet")
    (tmp_path / "validation.parquet").write_text("not parquet")
    assert read_split(tmp_path, "train").column("hour").to_pylist() == [0, 1, 2]
    for split in ("validation", "holdout"):
        with pytest.raises(HeldError, match=rf"{split}\.parquet cannot be read .*`dvc repro`"):
            read_split(tmp_path, split)


def test_a_column_is_plain_and_a_missing_one_is_named() -> None:
    assert column(rows(2), "origin", FILE).type == pa.string()
    with pytest.raises(HeldError, match=r"holdout\.parquet has no column 'gust'"):
        column(rows(2), "gust", FILE)


def test_values_become_texts_and_a_gap_is_a_value_of_its_own() -> None:
    values = pa.chunked_array([["AA", None], ["DL", "AA"]])
    assert texts(values).tolist() == ["AA", "missing", "DL", "AA"]
    assert texts(pa.chunked_array([[7, None]])).tolist() == ["7", "missing"]


def test_rows_have_the_inputs_alone_in_the_order_of_the_contract() -> None:
    assert list(instances(rows(2), CONTRACT, FILE)) == [
        {"wind": 0.0, "hour": 0, "origin": "JFK"},
        {"wind": pytest.approx(float("nan"), nan_ok=True), "hour": 1, "origin": "JFK"},
    ]
    assert list(next(instances(rows(1), CONTRACT, FILE))) == ["wind", "hour", "origin"]


def test_a_gap_in_a_column_of_integers_is_null() -> None:
    gap = rows(2).set_column(3, "hour", pa.array([7.0, float("nan")]))
    assert [row["hour"] for row in instances(gap, CONTRACT, FILE)] == [7, None]


def test_a_missing_column_an_infinity_and_a_fraction_hold() -> None:
    with pytest.raises(HeldError, match="no column 'wind'"):
        list(instances(rows(2).drop_columns("wind"), CONTRACT, FILE))
    infinite = rows(1).set_column(2, "wind", pa.array([float("inf")]))
    with pytest.raises(HeldError, match="wind is infinite in 1 rows"):
        list(instances(infinite, CONTRACT, FILE))
    fraction = rows(1).set_column(3, "hour", pa.array([0.5]))
    with pytest.raises(HeldError, match="hour is not whole"):
        list(instances(fraction, CONTRACT, FILE))
