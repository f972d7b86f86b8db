"""The traffic goes back at once; a dry run says where to, and a rollback stays one."""

from __future__ import annotations

import pytest

from delivery.commands.rollback import rollback
from delivery.errors import InputError
from delivery.state.events import State
from tests.delivery.commands.live import ENV, ONE, TWO, two_releases
from tests.delivery.place import World
from tests.origin import Origin


@pytest.fixture
def world(origin: Origin) -> World:
    return two_releases(origin)


def test_a_dry_run_names_both_releases_and_moves_nothing(world: World) -> None:
    result = rollback(world, ENV, reason="", dry_run=True)
    assert (result.left, result.release, result.pull) == (TWO, ONE, None)
    assert world.places[ENV].shares == {TWO: 100}
    assert world.snapshot().attempt(ENV).state is State.VERIFIED


def test_the_previous_release_has_the_traffic_and_a_pull_request_follows(world: World) -> None:
    result = rollback(world, ENV, reason="complaints", dry_run=False)
    assert world.places[ENV].shares == {ONE: 100}
    assert result.pull is not None
    assert rollback(world, ENV, reason="again", dry_run=False).already


def test_where_nothing_runs_there_is_nothing_to_roll_back(origin: Origin) -> None:
    with pytest.raises(InputError, match="nothing to roll back"):
        rollback(World(origin.path, lambda _: None), ENV, reason="", dry_run=True)


def test_a_plan_to_close_the_route_closes_nothing(world: World) -> None:
    result = rollback(world, ENV, reason="it leaks", dry_run=True, close=True)
    assert (result.left, result.release, result.closes) == (TWO, "none", True)
    assert world.places[ENV].shares == {TWO: 100}
