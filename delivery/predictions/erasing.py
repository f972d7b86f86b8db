"""Takes one person's rows out of a place: labels first, then rows, so that whoever is killed can
run it again.

A request of several people loses the rows of one of them. What is left has no digest any more:
that of the bytes that came would tell whoever guesses them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from delivery.predictions.person import Person
from delivery.predictions.place import Piece, Place
from serving.segments.folder import FEEDBACK, PREDICTIONS


@dataclass(frozen=True, slots=True)
class Statement:
    """What was erased from `place`, and why; never from whom. `by` are the names of what chose the
    rows; `done` is false where it was cut off."""

    place: str
    at: str
    reason: str
    by: tuple[str, ...]
    rows: int
    labels: int
    segments: int
    done: bool

    @property
    def name(self) -> str:
        return f"erasures/{self.at.replace(':', '')}.json"

    def text(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class _Cut:
    """Of a request of `count` rows, those in `rows` go."""

    count: int
    rows: frozenset[int]

    @property
    def whole(self) -> bool:
        return len(self.rows) == self.count


Cuts = Mapping[str, _Cut]


def erase(place: Place, person: Person, reason: str, *, dry_run: bool) -> Statement:
    """Erase the person's rows and their labels from `place`, and leave a statement there.

    Raises:
        HeldError: a shipper is at work, or a release from before segments keeps a file open.
        StoreError: the store does not answer, or holds something broken.
    """
    with place.alone():
        predictions, feedback = place.pieces(PREDICTIONS), place.pieces(FEEDBACK)
        cuts: dict[str, _Cut] = {}
        touched = [piece for piece in predictions if _look(piece, person, cuts)]
        rewritten = [(piece, *_without_labels(piece.read(), cuts, person)) for piece in feedback]
        labelled = [(piece, lines) for piece, lines, count in rewritten if count]
        planned = Statement(
            place=place.address,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            reason=reason,
            by=tuple(sorted([*person.inputs, *(["request_id"] if person.requests else [])])),
            rows=sum(len(cut.rows) for cut in cuts.values()),
            labels=sum(count for _, _, count in rewritten),
            segments=len(touched) + len(labelled),
            done=False,
        )
        if dry_run:
            return planned
        place.state(planned.name, planned.text())
        for piece, lines in labelled:
            piece.replace(lines)
        for piece in touched:
            piece.replace(_without_rows(piece.read(), person))
        place.sweep()
        done = Statement(**(asdict(planned) | {"done": True}))
        place.state(done.name, done.text())
        return done


def _look(piece: Piece, person: Person, cuts: dict[str, _Cut]) -> bool:
    """Note what is to be cut from the requests of a piece; whether there is anything."""
    any_rows = False
    for line in piece.read().splitlines():
        if (item := _parsed(line)) and (rows := person.rows_of(item)):
            cuts[item["request_id"]] = _Cut(len(item["score"]), rows)
            any_rows = True
    return any_rows


def _without_rows(lines: bytes, person: Person) -> bytes:
    kept = []
    for line in lines.splitlines(keepends=True):
        item = _parsed(line)
        rows = person.rows_of(item) if item else frozenset()
        if item and rows:
            left = [number for number in range(len(item["score"])) if number not in rows]
            if not left:
                continue
            features = {
                name: [values[number] for number in left]
                for name, values in item["features"].items()
            }
            score = [item["score"][number] for number in left]
            item = {**item, "digest": "", "features": features, "score": score}
            line = orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE)
        kept.append(line)
    return b"".join(kept)


def _without_labels(lines: bytes, cuts: Cuts, person: Person) -> tuple[bytes, int]:
    """The lines that are left, and how many labels are not."""
    kept, count = [], 0
    for line in lines.splitlines(keepends=True):
        item = _parsed(line, "truth")
        name = item["request_id"] if item else ""
        cut = cuts.get(name)
        if name in person.requests or (cut and cut.whole):
            count += 1
            continue
        truth = item["truth"] if item else None
        if item and cut and isinstance(truth, list) and len(truth) == cut.count:
            left = [label for number, label in enumerate(truth) if number not in cut.rows]
            count += len(cut.rows)
            line = orjson.dumps({**item, "truth": left}, option=orjson.OPT_APPEND_NEWLINE)
        kept.append(line)
    return b"".join(kept), count


def _parsed(line: bytes, *keys: str) -> Mapping[str, Any] | None:
    """None for what no reader can read either."""
    try:
        item = orjson.loads(line)
        wanted = keys or ("score", "features")
        return (
            item if isinstance(item["request_id"], str) and all(k in item for k in wanted) else None
        )
    except (ValueError, KeyError, TypeError):
        return None
