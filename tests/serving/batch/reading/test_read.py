"""What a broken file is called: its name, the place, and what the reader says."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from serving.batch.errors import BadInput
from serving.batch.reading.chunk import Cut
from serving.batch.reading.read import Wanted, look, windows
from serving.batch.reading.sources import Source
from tests.serving.batch.jobs import source_of, write_rows


def rows(source: Source, *columns: str) -> int:
    wanted = Wanted(columns, (), {}, Cut(50, 20))
    return sum(len(chunk.numbers) for chunk in windows(source, wanted, 0))


def test_the_layout_is_known_before_the_rows_are(tmp_path: Path) -> None:
    parquet = look(source_of(write_rows(tmp_path / "a.parquet")))
    assert (parquet.rows, "distance" in parquet.schema.names) == (300, True)
    text = look(source_of(write_rows(tmp_path / "a.csv")))
    assert (text.rows, "distance" in text.schema.names) == (None, True)
    assert look(source_of(write_rows(tmp_path / "a.jsonl"))).schema is None


def test_a_truncated_file_is_named_before_anything_is_scored(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "in.parquet")
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(BadInput, match=r"in.parquet: cannot be read as parquet at its beginning"):
        look(source_of(file))


def test_damage_in_the_middle_is_named_with_the_row(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "in.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"in.parquet: cannot be read as parquet from row \d+ on"):
        rows(source_of(file), "distance", "wind", "hour", "carrier", "id", "day")


def test_a_packed_file_that_ends_too_early_is_named(tmp_path: Path) -> None:
    plain = write_rows(tmp_path / "in.csv").read_bytes()
    file = tmp_path / "in.csv.gz"
    file.write_bytes(gzip.compress(plain)[:-200])
    with pytest.raises(BadInput, match=r"in.csv.gz: cannot be read as csv"):
        rows(source_of(file), "distance")


def test_a_text_of_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes("x\ncafé\n".encode("latin-1"))
    with pytest.raises(BadInput, match=r"in.csv: cannot be read as csv from row 0 on.*UTF"):
        rows(source_of(file), "x")
