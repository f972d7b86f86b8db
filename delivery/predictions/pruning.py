"""Deletes what is older than it may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from delivery.predictions.place import Place
from serving.segments.folder import KINDS


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many segments of `place` were older than the day `before`, and of how many none is
    younger than that."""

    place: str
    before: str
    segments: int
    left: int


def prune(place: Place, before: date, *, dry_run: bool) -> Pruned:
    """Delete each segment whose newest line is from a day before `before`, in UTC; the errors are
    those of erasing."""
    gone = left = 0
    with place.alone():
        for kind in KINDS:
            for piece in place.pieces(kind):
                if piece.day >= before:
                    left += 1
                    continue
                gone += 1
                if not dry_run:
                    piece.remove()
        if not dry_run:
            place.sweep()
    return Pruned(place.address, before.isoformat(), gone, left)
