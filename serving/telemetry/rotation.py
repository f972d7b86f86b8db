"""Files of lines that do not grow without end."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO


class RotatingFile:
    """Lines appended to `path`; at `limit` bytes it becomes `path.1`, that `path.2`, and so on.
    `count` files are kept in all. Only one process writes to one."""

    def __init__(self, path: Path, *, limit: int, count: int) -> None:
        self._path = path
        self._limit = limit
        self._count = count
        self._file: BinaryIO | None = None
        self._size = 0

    def write(self, lines: bytes) -> None:
        """Append whole lines; OSError if the disk does not take them."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
            self._size = self._file.tell()
        if self._size and self._size + len(lines) > self._limit:
            self._rotate()
        self._file.write(lines)
        self._file.flush()
        self._size += len(lines)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _rotate(self) -> None:
        self.close()
        put_aside(self._path, self._count)
        self._file = self._path.open("wb" if self._count == 1 else "ab")
        self._size = self._file.tell()


def older(path: Path, count: int) -> list[Path]:
    """Where the files before `path` are, the newest first, if `count` are kept in all."""
    return [path.with_name(f"{path.name}.{i}") for i in range(1, count)]


def put_aside(path: Path, count: int) -> None:
    """Make room for a new `path`; the oldest file goes. With a `count` of 1 nothing happens."""
    before = older(path, count)
    for source, target in reversed(list(zip([path, *before], before, strict=False))):
        if source.exists():
            source.replace(target)
