"""Reads on in files that only grow, and that are rotated: each whole line once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tail:
    """The files in `folder` that match `pattern`. At most the newest `most` lines of each are kept
    at once."""

    folder: Path
    pattern: str
    most: int
    _places: dict[int, int] = field(default_factory=dict)  # of a file by its inode: bytes read

    def read(self, wanted: Callable[[bytes], bool] = lambda _: True) -> Iterator[bytes]:
        """The lines that are whole and were not read yet, of those that are `wanted`."""
        for file in sorted(self.folder.glob(self.pattern)):
            yield from self._new(file, wanted)

    def _new(self, file: Path, wanted: Callable[[bytes], bool]) -> deque[bytes]:
        lines = deque[bytes](maxlen=self.most)
        with suppress(FileNotFoundError), file.open("rb") as content:  # or it was rotated away
            status = os.fstat(content.fileno())
            place = self._places.get(status.st_ino, 0)
            place = place if place <= status.st_size else 0  # it was emptied
            content.seek(place)
            for line in content:
                if not line.endswith(b"\n"):
                    break
                place += len(line)
                if wanted(line):
                    lines.append(line)
            self._places[status.st_ino] = place
        return lines
