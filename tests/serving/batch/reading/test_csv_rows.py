"""Cells of CSV files, and the numbers of rows among those that are broken."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.batch.errors import BadInput
from serving.batch.reading import csv_rows
from serving.batch.reading.csv_rows import csv_chunks, csv_layout
from tests.serving.batch.jobs import source_of

cells = st.text(st.sampled_from('ab,"\n é;1.'), max_size=6)
rows = st.lists(st.lists(cells, min_size=1, max_size=4), max_size=30)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=rows, block=st.sampled_from([200, 1000, 4 * 1024 * 1024]))
def test_each_row_has_its_number_and_those_with_other_cells_are_broken(
    rows: list[list[str]], block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["x", "y"], *rows])
    file = tmp_path / "in.csv"
    file.write_text(text.getvalue())
    monkeypatch.setattr(csv_rows, "BLOCK", block)
    found: dict[int, list[str] | None] = {}
    end = 0
    for chunk in csv_chunks(source_of(file), ["x", "y"]):
        assert chunk.first == end
        end = chunk.end
        for number, row in zip(chunk.numbers.tolist(), chunk.rows.to_pylist(), strict=True):
            found[number] = [row["x"], row["y"]]
        for problem in chunk.broken:
            found[problem.row] = None
            assert problem.reason == "cells"
    assert end == len(rows)
    assert found == {n: row if len(row) == 2 else None for n, row in enumerate(rows)}


def test_an_empty_cell_is_null_and_a_quoted_one_is_a_text(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text('x,y\n,""\n')
    (chunk,) = csv_chunks(source_of(file), ["x", "y"])
    assert chunk.rows.to_pylist() == [{"x": None, "y": ""}]


def test_columns_are_texts_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("\N{ZERO WIDTH NO-BREAK SPACE}x,y,z\n1,true,c\n", encoding="utf-8")
    assert csv_layout(source_of(file)).names == ["x", "y", "z"]
    (chunk,) = csv_chunks(source_of(file), ["z", "x"])
    assert chunk.rows.to_pylist() == [{"z": "c", "x": "1"}]


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("x,x\n1,2\n")
    with pytest.raises(BadInput, match=r"in.csv: two columns are called 'x'"):
        csv_layout(source_of(file))
