"""Traffic goes back first; a rollback that was killed is finished by the next."""

from __future__ import annotations

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.errors import HeldError, InputError
from delivery.state.desired import desired_path
from delivery.state.events import State
from tests.delivery.deployment.production import ENV, ONE, TWO, bring_up, by_hand, state
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


def test_the_first_release_has_nothing_to_go_back_to_and_keeps_its_traffic(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    with pytest.raises(HeldError, match=f"no verified release to go back to from {ONE}.*--close"):
        rollback(world, ENV, reason="it is slow", dry_run=False)
    assert (world.places[ENV].shares, state(world)) == ({ONE: 100}, State.VERIFIED)


@pytest.mark.parametrize("release", [ONE, TWO])
def test_a_person_who_asks_for_it_closes_the_route(
    origin: Origin, world: World, verdicts: object, release: str
) -> None:
    bring_up(origin, world, ONE)
    if release == TWO:
        bring_up(origin, world, TWO, previous=ONE)
    pull = rollback(world, ENV, reason="it leaks", dry_run=False, close=True).pull
    assert world.places[ENV].shares == {}
    assert pull is not None
    assert pull.state == "merged"
    assert deploy(world, ENV, budget=60).step.idle
    assert (world.places[ENV].shares, world.places[ENV].running) == ({}, {})
    assert not world.snapshot().champion().exists


def test_a_closed_route_stays_closed_while_its_pull_request_waits(
    origin: Origin, world: World, verdicts: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    with monkeypatch.context() as patch:
        patch.setattr(type(world.forge), "merges_itself", False)
        rollback(world, ENV, reason="it leaks", dry_run=False, close=True)
        deploy(world, ENV, budget=60)
    assert world.places[ENV].shares == {}


def test_a_hand_edit_does_not_open_what_a_person_closed(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    rollback(world, ENV, reason="it leaks", dry_run=False, close=True)
    by_hand(origin, TWO, previous=ONE)
    for _ in range(2):
        deploy(world, ENV, budget=60)
        assert world.places[ENV].shares == {}


def test_closing_needs_a_reason(origin: Origin, world: World, verdicts: object) -> None:
    bring_up(origin, world, ONE)
    with pytest.raises(InputError, match="--reason"):
        rollback(world, ENV, reason=" ", dry_run=True, close=True)


def test_a_malformed_file_is_rolled_back_to_what_is_verified(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    attempt = origin.push({desired_path(ENV): "nonsense"})
    result = rollback(world, ENV, reason="a typo", dry_run=False)
    assert (result.left, result.release) == (attempt[:12], TWO)
    assert result.pull is not None
    assert result.pull.state == "merged"
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert world.places[ENV].shares == {TWO: 100}


def test_a_rollback_written_by_hand_is_rolled_back_by_a_person(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    by_hand(origin, TWO, of=ONE)
    assert deploy(world, ENV, budget=60).rollback is None
    rollback(world, ENV, reason="nobody meant it", dry_run=False)
    deploy(world, ENV, budget=60)
    assert world.places[ENV].shares == {ONE: 100}
    assert world.snapshot().desired(ENV).wanted.release == ONE


def test_nothing_to_roll_back_is_named(origin: Origin, world: World) -> None:
    with pytest.raises(InputError, match="runs nothing"):
        rollback(world, ENV, reason="", dry_run=False)
