"""Files of lines that do not grow without end."""

from __future__ import annotations

import os
from pathlib import Path

from serving.segments.folder import close, prune
from serving.segments.lines import append, locked


class RotatingFile:
    """Lines appended to `path`. At `limit` bytes it is closed and another one begun; of what was
    closed, as many bytes are kept as fit into `count` files in all."""

    def __init__(self, path: Path, *, limit: int, count: int) -> None:
        self._path = path
        self._limit = limit
        self._count = count

    def write(self, lines: bytes) -> None:
        """Append whole lines, or none of them; OSError if the disk does not take them."""
        while not self._append(lines):
            pass

    def _append(self, lines: bytes) -> bool:
        """False if the file was full, and is closed now."""
        with locked(self._path) as file:
            size = os.fstat(file.fileno()).st_size
            if size and size + len(lines) > self._limit:
                close(self._path)
                return False
            if not size:
                prune(self._path, self._limit * (self._count - 1))
            append(file.fileno(), lines)
            return True
