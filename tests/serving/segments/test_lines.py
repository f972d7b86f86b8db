"""Lines are in a file whole or not at all."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest

from serving.segments.lines import append, cut_half_line, locked, repair
from tests.serving.disks import Disk


def test_lines_are_appended(tmp_path: Path) -> None:
    with locked(tmp_path / "a" / "b") as file:
        assert append(file.fileno(), b"one\n") == 4
        assert append(file.fileno(), b"two\n") == 8
    with locked(tmp_path / "a" / "b") as file:
        assert append(file.fileno(), b"three\n") == 14
    assert (tmp_path / "a" / "b").read_bytes() == b"one\ntwo\nthree\n"


def test_what_does_not_fit_leaves_nothing(disk: Disk) -> None:
    with locked(disk.folder / "a") as file:
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


def test_the_next_write_repairs_what_a_killed_worker_left(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one\nha")
    with locked(path) as file:
        append(file.fileno(), b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_repair_touches_nothing_while_somebody_writes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with locked(path) as file:
        append(file.fileno(), b"one\nha")
        repair(path)
        assert path.read_bytes() == b"one\nha"
    repair(path)
    assert path.read_bytes() == b"one\n"


def test_a_file_that_was_renamed_meanwhile_is_begun_anew(tmp_path: Path) -> None:
    path, waiting = tmp_path / "a", threading.Event()

    def write() -> None:
        waiting.set()
        with locked(path) as file:
            append(file.fileno(), b"two\n")

    with locked(path) as file:
        append(file.fileno(), b"one\n")
        other = threading.Thread(target=write)
        other.start()
        waiting.wait(10)
        path.rename(tmp_path / "closed")
    other.join(10)
    assert path.read_bytes() == b"two\n"
    assert (tmp_path / "closed").read_bytes() == b"one\n"


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.segments.lines.PATIENCE", 0.01)
    with (
        locked(tmp_path / "a"),
        pytest.raises(TimeoutError, match="slow"),
        locked(tmp_path / "a"),
    ):
        pass


def test_there_is_nothing_to_repair_where_nothing_is(tmp_path: Path) -> None:
    repair(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []
