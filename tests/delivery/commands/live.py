"""A production with two releases: TWO is verified and live, ONE stays warm."""

from __future__ import annotations

from tests.delivery.place import Place, World
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"
ENV = "production"


def two_releases(origin: Origin) -> World:
    for wanted, previous in ((ONE, ""), (TWO, ONE)):
        attempt = origin.promote(ENV, wanted, previous)
        origin.happened(ENV, attempt, "verified", wanted)
    place = Place(ENV, running={ONE: True, TWO: True}, shares={TWO: 100})
    return World(origin.path, lambda _: None, {ENV: place})
