"""A log folder and a store with the same lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from delivery.predictions.address import place_of
from delivery.predictions.place import Place
from serving.segments.folder import FEEDBACK, PREDICTIONS, Folder
from serving.segments.lines import append, locked
from serving.segments.store import Store

FILES = {PREDICTIONS: "predictions-7.jsonl", FEEDBACK: "feedback.jsonl"}
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def asked(name: str, *people: str, day: str = "2026-11-28", **fields: Any) -> dict[str, Any]:
    """A request with a row for each of `people`."""
    return {
        "release": "r-1", "request_id": name, "time": f"{day}T12:00:00.000+00:00", "digest": "d",
        "features": {"customer": list(people), "age": [40 + n for n in range(len(people))]},
        "score": [0.1 * (n + 1) for n in range(len(people))],
    } | fields  # fmt: skip


def told(name: str, truth: Any, day: str = "2026-11-28") -> dict[str, Any]:
    return {"request_id": name, "time": f"{day}T13:00:00.000+00:00", "truth": truth}


def folder(path: Path, *, close: bool = True, **kinds: Sequence[Any]) -> Place:
    """Each list of lines is a segment."""
    for kind, segments in kinds.items():
        for lines in segments:
            with locked(path / FILES[kind]) as file:
                append(file.fileno(), text(lines))
            if close:
                Folder(path).close(kind)
    return place_of(str(path))


def store(path: Path, **kinds: Sequence[Any]) -> Place:
    """The same."""
    for kind, segments in kinds.items():
        for lines in segments:
            Store(str(path)).add(kind, text(lines), NOON)
    return place_of(str(path))


MADE = {"folder": folder, "store": store}


def text(lines: Sequence[Any]) -> bytes:
    return b"".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines
    )


def found(place: Place, kind: str = PREDICTIONS, since: date = date.min) -> list[Any]:
    return [json.loads(line) for line in place.lines(kind, since)]
