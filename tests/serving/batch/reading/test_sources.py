"""Which files an address names, and when one of them is another."""

from __future__ import annotations

import os
import time
from pathlib import Path

import fsspec
import pytest

from serving.batch.errors import BadInput
from serving.batch.reading.sources import absolute, find_sources, format_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.parquet", "x/c.jsonl", "_SUCCESS", ".hidden.csv", "_tmp/d.csv", "no"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("rows\n")
    return tmp_path


def paths(url: str) -> list[str]:
    return [source.path for source in find_sources(url)]


def test_a_folder_is_all_below_it_that_is_data(folder: Path) -> None:
    assert paths(str(folder)) == ["a.parquet", "b.csv", "x/c.jsonl"]
    assert paths(f"file://{folder}/") == ["a.parquet", "b.csv", "x/c.jsonl"]


def test_a_pattern_and_a_file(folder: Path) -> None:
    assert paths(f"{folder}/*.csv") == ["b.csv"]
    assert paths(f"{folder}/**/*.jsonl") == ["x/c.jsonl"]
    assert paths(str(folder / "b.csv")) == ["b.csv"]


def test_another_file_system() -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe({"/batch-sources/a.csv": b"x\n1\n", "/batch-sources/b/c.csv": b"x\n2\n"})
    try:
        sources = find_sources("memory://batch-sources")
        assert [source.path for source in sources] == ["a.csv", "b/c.csv"]
        assert sources[1].open().read() == b"x\n2\n"
        time.sleep(0.01)
        fs.pipe("/batch-sources/b/c.csv", b"x\n3\n")
        sources[0].require_same()
        with pytest.raises(BadInput, match=r"b/c.csv: changed while it was read"):
            sources[1].require_same()
    finally:
        fs.rm("/batch-sources", recursive=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.CSV", "csv"),
        ("a.csv.gz", "csv"),
        ("a.pq", "parquet"),
        ("b.ndjson.xz", "jsonl"),
        ("a", None),
    ],
)
def test_formats_by_name(name: str, expected: str) -> None:
    assert format_of(name) == expected
    assert format_of(name.rpartition(".")[0].partition(".")[0]) is None


def test_what_is_not_there_and_what_is_not_known(folder: Path) -> None:
    with pytest.raises(BadInput, match="no such file or folder"):
        find_sources(str(folder / "nothing"))
    with pytest.raises(BadInput, match=r"--input-format"):
        find_sources(str(folder / "no"))
    assert find_sources(str(folder / "no"), "csv")[0].format == "csv"
    with pytest.raises(BadInput, match="no file system for this address"):
        find_sources("nosuch://place")


def test_a_file_is_another_when_its_bytes_or_its_time_are(folder: Path) -> None:
    (source,) = find_sources(str(folder / "b.csv"))
    source.require_same()
    status = (folder / "b.csv").stat()
    (folder / "b.csv").write_text("ROWS\n")
    os.utime(folder / "b.csv", ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(BadInput, match="changed"):
        source.require_same()
    (folder / "b.csv").unlink()
    with pytest.raises(BadInput, match="changed"):
        source.require_same()


def test_addresses_are_made_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("in.csv") == str(tmp_path / "in.csv")
    assert absolute("s3://bucket/in.csv") == "s3://bucket/in.csv"
