"""Files of lines that are put aside, and never more than so many."""

from __future__ import annotations

from pathlib import Path

from serving.telemetry.predictions.rotation import RotatingFile


def test_one_file_alone_begins_anew(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "a.jsonl", limit=10, count=1)
    for text in (b"123456\n", b"abcdef\n"):
        file.write(text)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.jsonl", b"abcdef\n")]
