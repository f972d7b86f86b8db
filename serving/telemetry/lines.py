"""Files of lines in which a line stands whole or not at all, whatever the disk does.

A disk that fills takes the beginning of a line and refuses the rest; a process that is killed
leaves as much. What was begun is taken back, at once or when the file is next opened.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from io import FileIO
from pathlib import Path

BLOCK = 4096


def open_lines(path: Path) -> FileIO:
    """Open `path` to append to it, and make what is missing of its folders. Half a line at its end
    is cut off, unless another process has the file open."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = FileIO(path, "a+")
    try:
        _repair(file.fileno())
        with suppress(OSError):  # a network's disk may know no locks
            fcntl.flock(file, fcntl.LOCK_SH)
    except BaseException:
        file.close()
        raise
    return file


def repair(path: Path) -> None:
    """Cut half a line off the end of `path`, unless a process has it open with `open_lines`."""
    with suppress(FileNotFoundError), FileIO(path, "r+") as file:
        _repair(file.fileno())


def append(file: int, lines: bytes) -> int:
    """Append whole lines to the descriptor `file`, or nothing of them; the size in bytes then.

    Raises:
        OSError: the disk does not take them.
    """
    size = os.fstat(file).st_size
    rest = memoryview(lines)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        with suppress(OSError):  # then it is cut off when the file is next opened
            os.ftruncate(file, size)
        raise
    return size + len(lines)


def cut_half_line(file: int) -> int:
    """Cut off what stands after the last newline of the descriptor `file`; the size then."""
    size = end = os.fstat(file).st_size
    while end:
        start = max(0, end - BLOCK)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        end = start + newline + 1
        if newline >= 0:
            break
    if end < size:
        os.ftruncate(file, end)
    return end


def _repair(file: int) -> None:
    with suppress(BlockingIOError):  # whoever writes is not at the end of a line yet
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        cut_half_line(file)
