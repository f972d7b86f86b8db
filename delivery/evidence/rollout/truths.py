"""The labels that came as feedback about logged requests: docs/serving.md has the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from delivery.evidence.rollout.tail import Tail
from delivery.gates.rollout.observations.served import digest

FILES = "feedback.jsonl*"  # also those that were rotated


@dataclass
class Truths:
    """Below the log folder of a target; at most the newest `most` of each file are kept at once."""

    folder: Path
    most: int
    _tail: Tail = field(init=False)
    _known: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tail = Tail(self.folder, FILES, self.most)

    def read(self) -> Mapping[int, Any]:
        """Digest of a request's id → its label, or a list with one for each row; all that came by
        now. The first that came about a request counts."""
        for line in self._tail.read():
            try:
                item = orjson.loads(line)
                self._known.setdefault(digest(item["request_id"]), item["truth"])
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
        return self._known
