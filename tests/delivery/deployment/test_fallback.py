"""Traffic goes back first; a rollback that was killed is finished by the next."""

from __future__ import annotations

import pytest

from delivery.commands.rollback import rollback
from delivery.errors import InputError
from delivery.state.events import State
from tests.delivery.deployment.production import ENV, ONE, TWO, bring_up, state
from tests.delivery.place import Killed, World
from tests.origin import Origin


def test_rollback_moves_traffic_then_says_so_then_proposes(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    result = rollback(world, ENV, reason="it is slow", dry_run=False)
    assert world.places[ENV].shares == {ONE: 100}
    assert result.pull is not None
    assert result.pull.state == "merged"
    attempt = world.snapshot().history(ENV).attempts[1]
    assert attempt.state is State.REVOKED
    assert attempt.events[-1].evidence == {"why": "it is slow"}


def test_a_rollback_waits_for_a_deployment_at_work(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    world.places[ENV].held = 2
    rollback(world, ENV, reason="", dry_run=False)
    assert world.places[ENV].shares == {ONE: 100}


def test_a_dry_run_changes_nothing(origin: Origin, world: World, verdicts: object) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    rollback(world, ENV, reason="", dry_run=True)
    assert world.places[ENV].shares == {TWO: 100}
    assert state(world) is State.VERIFIED


def test_a_rollback_is_never_rolled_back(origin: Origin, world: World, verdicts: object) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    rollback(world, ENV, reason="", dry_run=False)
    again = rollback(world, ENV, reason="", dry_run=False)
    assert again.already
    assert world.places[ENV].shares == {ONE: 100}


@pytest.mark.parametrize("calls", [0, 1])
def test_a_killed_rollback_is_finished_by_the_next(
    origin: Origin, world: World, verdicts: object, calls: int
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    world.places[ENV].calls_left = calls
    with pytest.raises(Killed):
        rollback(world, ENV, reason="", dry_run=False)
    world.places[ENV].calls_left = None
    rollback(world, ENV, reason="", dry_run=False)
    assert world.places[ENV].shares == {ONE: 100}
    assert state(world) is State.MERGED
    assert world.snapshot().desired(ENV).rollback_of == TWO


def test_the_first_release_is_rolled_back_to_nothing(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    rollback(world, ENV, reason="", dry_run=False)
    assert world.places[ENV].shares == {}
    assert not world.snapshot().champion().exists


def test_nothing_to_roll_back_is_named(origin: Origin, world: World) -> None:
    with pytest.raises(InputError, match="runs nothing"):
        rollback(world, ENV, reason="", dry_run=False)
