"""Deletes what is older than it may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from delivery.predictions.place import Place
from serving.segments.folder import KINDS


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many segments of `place` have nothing from the day `before` or later, and go; and how
    many are left."""

    place: str
    before: str
    segments: int
    left: int


def prune(place: Place, before: date, *, dry_run: bool) -> Pruned:
    """Delete each segment, and each journal of a shadow, of which nothing is from the day `before`
    or later, in UTC. The errors are those of erasing. A dry run closes open files, no more."""
    gone = left = 0
    with place.alone():
        pieces = [piece for kind in KINDS for piece in place.pieces(kind)]
        for old in (*pieces, *place.shadows()):
            if old.day >= before:
                left += 1
                continue
            gone += 1
            if not dry_run:
                old.remove()
        if not dry_run:
            place.sweep()
    return Pruned(place.address, before.isoformat(), gone, left)
