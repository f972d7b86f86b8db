"""Files of lines that do not grow without end."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

from serving.telemetry.lines import append, open_lines


class RotatingFile:
    """Lines appended to `path`; at `limit` bytes it becomes `path.1`, that `path.2`, and so on.
    `count` files are kept in all. Only one process writes to one."""

    def __init__(self, path: Path, *, limit: int, count: int) -> None:
        self._path = path
        self._limit = limit
        self._count = count
        self._file: FileIO | None = None
        self._size = 0

    def write(self, lines: bytes) -> None:
        """Append whole lines, or none of them; OSError if the disk does not take them."""
        try:
            file = self._current()
            if self._size and self._size + len(lines) > self._limit:
                file = self._rotate(file)
            self._size = append(file.fileno(), lines)
        except OSError:
            self.close()  # the next write opens and repairs what is there then
            raise

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _current(self) -> FileIO:
        """The file, opened anew if another one or none stands at its place by now."""
        if self._file is not None and is_at(self._path, self._file.fileno()):
            return self._file
        self.close()
        return self._open()

    def _open(self) -> FileIO:
        self._file = open_lines(self._path)
        self._size = os.fstat(self._file.fileno()).st_size
        return self._file

    def _rotate(self, file: FileIO) -> FileIO:
        if self._count == 1:
            file.truncate(0)
        self.close()
        put_aside(self._path, self._count)
        return self._open()


def is_at(path: Path, file: int) -> bool:
    """Whether the descriptor `file` is what `path` names: not after it was renamed or deleted."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def older(path: Path, count: int) -> list[Path]:
    """Where the files before `path` are, the newest first, if `count` are kept in all."""
    return [path.with_name(f"{path.name}.{i}") for i in range(1, count)]


def put_aside(path: Path, count: int) -> None:
    """Make room for a new `path`; the oldest file goes. With a `count` of 1 nothing happens."""
    before = older(path, count)
    for source, target in reversed(list(zip([path, *before], before, strict=False))):
        if source.exists():
            source.replace(target)
