"""Lines of JSON: objects are rows, other lines are broken, empty ones are nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.batch.errors import BadInput
from serving.batch.reading import json_rows
from serving.batch.reading.json_rows import json_chunks
from tests.serving.batch.jobs import source_of


def test_lines_have_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'{"x": 1}\n\n[2]\n{"x":\n{"x": NaN}\n{"x": 5}')
    (chunk,) = json_chunks(source_of(file))
    assert (chunk.first, chunk.end) == (0, 6)
    assert chunk.numbers.tolist() == [0, 5]
    assert chunk.rows == [{"x": 1}, {"x": 5}]
    assert [(problem.row, problem.reason) for problem in chunk.broken] == [
        (2, "type"),
        (3, "json"),
        (4, "json"),
    ]


def test_chunks_end_by_rows_and_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"x": 1}\n' * 10)
    monkeypatch.setattr(json_rows, "ROWS", 4)
    assert [chunk.end for chunk in json_chunks(source_of(file))] == [4, 8, 10]
    monkeypatch.setattr(json_rows, "BYTES", 20)
    assert [chunk.end for chunk in json_chunks(source_of(file))] == [3, 6, 9, 10]


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"x": 1}\n{"x": "' + "a" * 1000)
    monkeypatch.setattr(json_rows, "LINE", 100)
    with pytest.raises(BadInput, match=r"in.jsonl: row 1 is longer than 100 bytes"):
        list(json_chunks(source_of(file)))
