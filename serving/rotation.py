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
        older = [self._path.with_name(f"{self._path.name}.{i}") for i in range(1, self._count)]
        for source, target in reversed(list(zip([self._path, *older], older, strict=False))):
            if source.exists():
                source.replace(target)
        self._file = self._path.open("wb" if not older else "ab")
        self._size = self._file.tell()
