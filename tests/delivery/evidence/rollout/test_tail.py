"""Each whole line is read once, whatever happens to its file."""

from __future__ import annotations

from pathlib import Path

from delivery.evidence.rollout.tail import Tail


def test_it_reads_on(tmp_path: Path) -> None:
    file, tail = tmp_path / "log-1.jsonl", Tail(tmp_path, "log-*", 10)
    assert list(tail.read()) == []
    file.write_bytes(b"one\ntw")
    assert list(tail.read()) == [b"one\n"]
    file.write_bytes(b"one\ntwo\n")
    assert list(tail.read()) == [b"two\n"]


def test_a_file_that_was_rotated_is_not_read_again(tmp_path: Path) -> None:
    file, tail = tmp_path / "log-1", Tail(tmp_path, "log-*", 10)
    file.write_bytes(b"one\n")
    list(tail.read())
    file.rename(tmp_path / "log-1.1")
    file.write_bytes(b"two\n")
    assert list(tail.read()) == [b"two\n"]


def test_one_that_was_emptied_is_read_from_its_beginning(tmp_path: Path) -> None:
    file, tail = tmp_path / "log-1", Tail(tmp_path, "log-*", 10)
    file.write_bytes(b"one\ntwo\n")
    list(tail.read())
    file.write_bytes(b"new\n")
    assert list(tail.read()) == [b"new\n"]


def test_the_newest_are_kept_of_those_that_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "log-1").write_bytes(b"a1\nb\na2\na3\n")
    tail = Tail(tmp_path, "log-*", 2)
    assert list(tail.read(lambda line: line.startswith(b"a"))) == [b"a2\n", b"a3\n"]
