"""What clients asked a release and what it answered, as its prediction log tells: docs/serving.md
has the format. Requests of `delivery` itself are left out.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from delivery.bento.client import OWN

FILES = "predictions-*.jsonl*"  # of all workers, also those that were rotated
HEAD = 100  # bytes of a line in which its release stands


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered `at` a moment (s since 1970). `digest` is that of the bytes that
    came, empty where nobody may know them again. `features` maps each input to its values, [rows];
    `score` is [rows] or [rows, classes]. `key` tells the request from all others."""

    key: str
    at: float
    digest: str
    features: Mapping[str, Sequence[Any]]
    score: Sequence[Any]


@dataclass
class Answers:
    """Of `release`, below the log folder of its target; `read` reads on. At most the newest `most`
    of each file are kept at once."""

    folder: Path
    release: str
    most: int
    _places: dict[int, int] = field(default_factory=dict)  # of a file by its inode: bytes read

    def read(self) -> Sequence[Answered]:
        """What came since the last time, oldest first. A line that is being written comes later,
        and one that cannot be read is left out."""
        lines = [line for file in sorted(self.folder.glob(FILES)) for line in self._new(file)]
        answered = [item for line in lines if (item := _answered(line, self.release))]
        return sorted(answered, key=lambda item: item.at)

    def _new(self, file: Path) -> Sequence[bytes]:
        """The lines of this release that are whole and were not read yet."""
        name, lines = self.release.encode(), deque[bytes](maxlen=self.most)
        with suppress(FileNotFoundError), file.open("rb") as content:  # or it was rotated away
            status = os.fstat(content.fileno())
            place = self._places.get(status.st_ino, 0)
            place = place if place <= status.st_size else 0  # it was emptied
            content.seek(place)
            for line in content:
                if not line.endswith(b"\n"):
                    break
                place += len(line)
                if name in line[:HEAD]:
                    lines.append(line)
            self._places[status.st_ino] = place
        return lines


def _answered(line: bytes, release: str) -> Answered | None:
    """None for one of another release, of `delivery` itself, or that cannot be read."""
    try:
        item = orjson.loads(line)
        if item["release"] != release or item["request_id"].startswith(OWN):
            return None
        key = blake2b(line, digest_size=12).hexdigest()
        at = datetime.fromisoformat(item["time"]).timestamp()
        return Answered(
            key, at, item.get("digest", ""), dict(item["features"]), list(item["score"])
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
