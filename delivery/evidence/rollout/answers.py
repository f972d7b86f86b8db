"""What clients asked a release and what it answered, as its prediction log tells: docs/serving.md
has the format. Requests of `delivery` itself are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from delivery.evidence.rollout.tail import Tail
from delivery.gates.rollout.observations.served import digest
from serving.contract import OWN

FILES = "predictions-*.jsonl*"  # of all workers, also those that were rotated
HEAD = 100  # bytes of a line in which its release stands


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered `at` a moment (s since 1970). `digest` is that of the bytes that
    came, empty where nobody may know them again. `features` maps each input to its values, [rows];
    `score` is [rows] or [rows, classes]. `key` tells the request from all others; `request` is the
    digest of the id by which feedback names it."""

    key: str
    at: float
    digest: str
    features: Mapping[str, Sequence[Any]]
    score: Sequence[Any]
    request: int = 0


@dataclass
class Answers:
    """Of `release`, below the log folder of its target; `read` reads on. At most the newest `most`
    of each file are kept at once."""

    folder: Path
    release: str
    most: int
    _tail: Tail = field(init=False)

    def __post_init__(self) -> None:
        self._tail = Tail(self.folder, FILES, self.most)

    def read(self) -> Sequence[Answered]:
        """What came since the last time, oldest first. A line that is being written comes later,
        and one that cannot be read is left out."""
        name = self.release.encode()
        lines = self._tail.read(lambda line: name in line[:HEAD])
        answered = [item for line in lines if (item := _answered(line, self.release))]
        return sorted(answered, key=lambda item: item.at)


def _answered(line: bytes, release: str) -> Answered | None:
    """None for one of another release, of `delivery` itself, or that cannot be read."""
    try:
        item = orjson.loads(line)
        if item["release"] != release or item["request_id"].startswith(OWN):
            return None
        key = blake2b(line, digest_size=12).hexdigest()
        at = datetime.fromisoformat(item["time"]).timestamp()
        features, score = dict(item["features"]), list(item["score"])
        request = digest(item["request_id"])
        return Answered(key, at, item.get("digest", ""), features, score, request)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
