"""Files of lines in which a line stands whole or not at all, whatever the disk does.

A disk that fills takes the beginning of a line and refuses the rest; a process that is killed
leaves as much. What was begun is taken back, at once or when the file is next written to.

Who writes holds the lock of the file only while it writes. Between two writes anybody may take the
lock and rename the file: the next write begins a new one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

BLOCK = 4096
PATIENCE = 2.0  # s that a write waits for whoever has the lock
LOOK = 0.002  # s between two tries
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)  # a network's disk may know none


@contextmanager
def locked(path: Path) -> Iterator[FileIO]:
    """`path`, to append to it, for this thread alone; made if it is missing, with its folders. Half
    a line at its end is cut off.

    Raises:
        TimeoutError: another had it for `PATIENCE` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + PATIENCE
    while True:
        with FileIO(path, "a+") as file:
            _lock(file, deadline)
            if is_at(path, file.fileno()):  # and was not renamed while this one waited
                cut_half_line(file.fileno())
                yield file
                return


def _lock(file: FileIO, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "the disk is slow") from None
            time.sleep(LOOK)
        except OSError as error:
            if error.errno in NO_LOCKS:
                return
            raise


def is_at(path: Path, file: int) -> bool:
    """Whether the descriptor `file` is what `path` names: not after it was renamed or deleted."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


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
        with suppress(OSError):  # then it is cut off when the file is next written to
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


def repair(path: Path) -> None:
    """Cut half a line off the end of `path`, unless another has its lock: whoever writes is not at
    the end of a line yet."""
    with suppress(FileNotFoundError, BlockingIOError), FileIO(path, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        cut_half_line(file.fileno())


def write_whole(path: Path, content: bytes) -> None:
    """Let `content` stand at `path`, on the disk, or leave what is there; OSError if the disk does
    not take it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
