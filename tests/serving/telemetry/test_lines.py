"""Lines are in a file whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from serving.telemetry.lines import append, cut_half_line, open_lines, repair
from tests.serving.telemetry.disks import Disk


def test_lines_are_appended(tmp_path: Path) -> None:
    with open_lines(tmp_path / "a" / "b") as file:
        assert append(file.fileno(), b"one\n") == 4
        assert append(file.fileno(), b"two\n") == 8
    with open_lines(tmp_path / "a" / "b") as file:
        assert append(file.fileno(), b"three\n") == 14
    assert (tmp_path / "a" / "b").read_bytes() == b"one\ntwo\nthree\n"


def test_what_does_not_fit_leaves_nothing(disk: Disk) -> None:
    with open_lines(disk.folder / "a") as file:
        append(file.fileno(), b"one\n")
        disk.fill(leave=2)
        with pytest.raises(OSError, match="No space") as caught:
            append(file.fileno(), b"x" * 100_000 + b"\n")
        assert caught.value.errno == errno.ENOSPC
        assert append(file.fileno(), b"two\n") == 8
    assert (disk.folder / "a").read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"half", b""),
        (b"one\n", b"one\n"),
        (b"one\nha", b"one\n"),
        (b"\n", b"\n"),
        (b"one\n" + b"x" * 200_000, b"one\n"),
        (b"x" * 65_536 + b"\n" + b"y" * 65_536, b"x" * 65_536 + b"\n"),
    ],
)
def test_half_a_line_is_cut_off(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(before)
    with path.open("r+b") as file:
        assert cut_half_line(file.fileno()) == len(after)
    assert path.read_bytes() == after


def test_opening_repairs_what_nobody_else_writes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one\nha")
    with open_lines(path) as first:
        assert path.read_bytes() == b"one\n"
        append(first.fileno(), b"be")
        with open_lines(path):
            assert path.read_bytes() == b"one\nbe"
        repair(path)
        assert path.read_bytes() == b"one\nbe"
    repair(path)
    assert path.read_bytes() == b"one\n"


def test_there_is_nothing_to_repair_where_nothing_is(tmp_path: Path) -> None:
    repair(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []
