"""Rows of Parquet files from any row on, whatever their row groups are."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.batch.reading.parquet_rows import parquet_chunks, parquet_layout
from tests.serving.batch.jobs import source_of


@pytest.mark.parametrize("start", [0, 3, 6, 7, 19, 20])
def test_it_begins_with_the_row_group_of_the_row(tmp_path: Path, start: int) -> None:
    file = tmp_path / "in.parquet"
    pq.write_table(pa.table({"x": range(20), "y": ["a"] * 20}), file, row_group_size=6)
    schema, rows = parquet_layout(source_of(file))
    assert (schema.names, rows) == (["x", "y"], 20)
    chunks = list(parquet_chunks(source_of(file), ["x", "y"], start, rows=4, texts=["y"]))
    if start == 20:
        assert chunks == []
        return
    assert chunks[0].first == start // 6 * 6
    numbers = [number for chunk in chunks for number in chunk.numbers.tolist()]
    assert numbers == [value for chunk in chunks for value in chunk.rows.column(0).to_pylist()]
    assert numbers[-1] == 19
    assert pa.types.is_dictionary(chunks[0].rows.schema.field("y").type)
