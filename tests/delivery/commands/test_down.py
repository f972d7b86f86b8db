"""What runs on this machine is stopped, for one environment or for all."""

from __future__ import annotations

import pytest

from delivery.commands.down import down
from delivery.errors import InputError
from tests.delivery.place import Place, World
from tests.origin import Origin


@pytest.fixture
def world(origin: Origin) -> World:
    running = {name: Place(name, running={"r-1": True}) for name in ("staging", "production")}
    return World(origin.path, lambda _: None, running)


@pytest.mark.parametrize(
    ("environment", "stopped"),
    [(None, ("staging", "production")), ("production", ("production",))],
)
def test_only_what_is_asked_for_is_stopped(
    world: World, environment: str | None, stopped: tuple[str, ...]
) -> None:
    assert down(world, environment).stopped == stopped
    still = [name for name, place in world.places.items() if place.running]
    assert still == [name for name in world.places if name not in stopped]


def test_an_environment_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(InputError, match="staging, production"):
        down(world, "prod")
