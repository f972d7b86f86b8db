"""Releases brought up in the production of a test."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest

from delivery.commands.deploy import deploy
from delivery.deployment import active
from delivery.events.event import State
from delivery.state.desired import Desired, desired_path, render_desired
from delivery.state.record import record_path, render_record
from tests.delivery.place import Place, World, judgement
from tests.origin import Origin, copy_origin, make_origin, record, scratch, version

ONE, TWO = "r-111111111111", "r-222222222222"
ENV = "production"


def state(world: World) -> State:
    return world.snapshot().attempt(ENV).state


def bring_up(origin: Origin, world: World, release: str, previous: str = "") -> None:
    """Production as it is once `release` was deployed after `previous`."""
    folder, places = _brought_up(tuple(name for name in (previous, release) if name))
    copy_origin(folder, origin.path.parent)
    world.places.update(deepcopy(places))


def by_hand(origin: Origin, wanted: str, previous: str = "", of: str = "none") -> str:
    """A well-formed desired.yaml that nobody proposed comes to main. Returns the attempt."""
    origin.git("pull", "--quiet", "origin", "main")
    desired = Desired(version(wanted), version(previous), of)
    files = {
        desired_path(ENV): render_desired(desired),
        record_path(wanted): render_record(record(wanted)),
    }
    return origin.push(files, "By hand")


@cache
def _brought_up(releases: tuple[str, ...]) -> tuple[Path, Mapping[str, Place]]:
    """Played once; the tests get copies."""
    folder = scratch("brought-up-")
    origin = make_origin(folder)
    world, previous = World(origin.path, lambda _: None), ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(active, "judge_live", judgement("pass"))
        for release in releases:
            origin.promote(ENV, release, previous)
            deploy(world, ENV, budget=60)
            assert world.places[ENV].shares == {release: 100}
            previous = release
    return folder, world.places
