"""Windows depend on the number of a row and on nothing else."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from serving.batch.reading.chunk import CELLS, WINDOW, Cut, arrow_chunk, cut_for, in_windows
from serving.contract import Contract, Input, Output, Roles


def batches(sizes: list[int]) -> list[pa.RecordBatch]:
    ends = np.cumsum([0, *sizes]).tolist()
    return [
        pa.RecordBatch.from_pydict({"x": list(range(first, end))})
        for first, end in itertools.pairwise(ends)
    ]


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8),
    unit=st.integers(1, 40),
    window=st.integers(1, 15),
    start=st.integers(0, 5),
)
def test_windows_are_those_of_the_rows_however_they_come(
    sizes: list[int], unit: int, window: int, start: int
) -> None:
    rows, first = sum(sizes), start * unit
    chunks, at = [], 0
    for batch in batches(sizes):
        chunks.append(arrow_chunk(at, batch))
        at += batch.num_rows
    found = list(in_windows(chunks, first, Cut(unit, window)))
    assert [n for chunk in found for n in chunk.numbers.tolist()] == list(range(first, rows))
    assert [v for chunk in found for v in chunk.rows.column(0).to_pylist()] == list(
        range(first, rows)
    )
    for chunk in found:
        assert (chunk.first % unit) % window == 0
        assert chunk.end in (rows, chunk.first + window, (chunk.first // unit + 1) * unit)


def contract(shape: tuple[int, ...]) -> Contract:
    return Contract(
        name="one",
        task="regression",
        inputs=(Input(name="x", dtype="float32", shape=shape),),
        outputs=(Output(name="score", dtype="float32"),),
        roles=Roles(label="y", row_id="id"),
    )


def test_rows_of_images_come_in_small_windows() -> None:
    assert cut_for(contract(()), 10).window == WINDOW
    assert cut_for(contract((224, 224, 3)), 10).window == CELLS // (224 * 224 * 3)
    assert cut_for(contract((10_000, 10_000)), 10).window == 1
