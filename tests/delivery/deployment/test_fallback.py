"""Traffic goes back first; a rollback that was killed is finished by the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.promote import promote
from delivery.commands.rollback import rollback, rollback_offline
from delivery.commands.status import status
from delivery.deployment import active
from delivery.deployment.advance import PromoteRequest
from delivery.deployment.reconcile import Deployment
from delivery.errors import DeliveryError, HeldError, InputError, OutsideError, TargetError
from delivery.events.event import State
from delivery.state.desired import desired_path
from tests.delivery.deployment.production import ENV, ONE, TWO, bring_up, by_hand, state
from tests.delivery.place import Killed, Place, World, judgement
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


def test_a_rollback_waits_for_no_deployment(origin: Origin, world: World, verdicts: object) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    world.places[ENV].held = 1
    rollback(world, ENV, reason="", dry_run=False)
    assert world.places[ENV].shares == {ONE: 100}


def test_a_deployment_that_slept_moves_nothing_back(
    origin: Origin, world: World, verdicts: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sleeps between its gates and the traffic, and a person rolls back meanwhile."""
    bring_up(origin, world, ONE)
    origin.promote(ENV, TWO, ONE)

    def judge(*_: object, **__: object) -> Any:
        with ThreadPoolExecutor(1) as person:
            person.submit(rollback, world, ENV, reason="it is slow", dry_run=False).result()
        return judgement("pass")()

    monkeypatch.setattr(active, "judge_live", judge)
    with pytest.raises(HeldError, match="a rollback took over"):
        deploy(world, ENV, budget=60)
    assert world.places[ENV].shares == {ONE: 100}
    attempt = world.snapshot().history(ENV).attempts[1]
    assert [event.kind for event in attempt.events] == ["deployed", "rejected"]


@pytest.mark.parametrize("act", [rollback, rollback_offline])
def test_a_tick_while_the_traffic_moves_gives_nothing_back(
    origin: Origin, world: World, verdicts: object, monkeypatch: pytest.MonkeyPatch, act: Any
) -> None:
    """At each call of the target, in the middle of the rollback."""
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    call, ticks, before = Place._call, [], len(world.places[ENV].seen)

    def tick() -> None:
        with suppress(DeliveryError):
            ticks.append(Deployment(world, ENV).tick())

    def interrupted(place: Place) -> None:
        if threading.current_thread() is threading.main_thread():
            with ThreadPoolExecutor(1) as loop:
                loop.submit(tick).result()
        call(place)

    monkeypatch.setattr(Place, "_call", interrupted)
    act(world, ENV, reason="it is slow", dry_run=False)
    assert world.places[ENV].seen[before:] == [ONE]
    assert not ticks, "a rollback that is at work is left alone"


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


@pytest.mark.parametrize("calls", range(4))
@pytest.mark.parametrize("act", [rollback, rollback_offline])
@pytest.mark.parametrize("after", ["rollback", "deploy", "promote"])
def test_a_killed_rollback_is_finished_by_the_next_command(
    origin: Origin, world: World, verdicts: object, calls: int, act: Any, after: str
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    place = world.places[ENV]
    place.calls_left = calls
    with suppress(Killed):
        act(world, ENV, reason="it is slow", dry_run=False)
    began = place.entry is not None
    place.calls_left = None
    if after == "rollback":
        rollback(world, ENV, reason="it is slow", dry_run=False)
    elif after == "promote" and began:
        assert promote(world, PromoteRequest(ENV, ONE)).pull is None, "main wants it already"
    elif began:
        deploy(world, ENV, budget=60)
    if after == "rollback" or began:
        assert place.shares == {ONE: 100}
        assert place.entry is None
        attempt = world.snapshot().history(ENV).attempts[1]
        assert [event.kind for event in attempt.events][-1] == "revoked-1"
        assert attempt.events[-1].evidence["why"] == "it is slow"
        assert world.snapshot().desired(ENV).rollback_of == TWO
    else:
        assert (place.shares, calls) == ({TWO: 100}, 0), "killed before anything was done"


def test_origin_hears_later_of_what_happened_without_it(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    with away(origin):
        with pytest.raises(InputError, match=f"delivery rollback {ENV} --offline"):
            rollback(world, ENV, reason="it is slow", dry_run=False)
        assert world.places[ENV].shares == {TWO: 100}
        result = rollback_offline(world, ENV, reason="it is slow", dry_run=False)
        assert (result.left, result.release, result.pull) == (TWO, ONE, None)
        assert world.places[ENV].shares == {ONE: 100}
        with pytest.raises(InputError, match="could not be fetched"):
            deploy(world, ENV, budget=60)
    assert "Origin does not know it yet" in status(world).environments[1].problem
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    revoked = world.snapshot().history(ENV).attempts[1].events[-1]
    assert (revoked.kind, revoked.evidence["why"]) == ("revoked-1", "it is slow")
    assert set(revoked.evidence) == {"why", "by", "since"}
    assert world.places[ENV].seen[-1] == ONE
    assert world.snapshot().desired(ENV).rollback_of == TWO
    assert status(world).environments[1].problem == ""


def test_a_push_that_origin_refuses_leaves_the_traffic_moved(
    origin: Origin, world: World, verdicts: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    hook = origin.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    for act in (rollback, deploy):
        options = {"budget": 60} if act is deploy else {"reason": "it is slow", "dry_run": False}
        with pytest.raises(OutsideError):
            act(world, ENV, **options)  # type: ignore[operator]
        assert world.places[ENV].shares == {ONE: 100}
    hook.unlink()
    deploy(world, ENV, budget=60)
    assert world.places[ENV].shares == {ONE: 100}
    assert world.snapshot().history(ENV).attempts[1].state is State.REVOKED


def test_a_newer_promotion_goes_on_once_origin_knows(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    rollback_offline(world, ENV, reason="it is slow", dry_run=False)
    origin.git("pull", "--quiet", "origin", "main")
    origin.promote(ENV, "r-333333333333", ONE)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert world.places[ENV].shares == {"r-333333333333": 100}
    assert set(world.places[ENV].running) == {ONE, "r-333333333333"}
    assert world.snapshot().history(ENV).attempts[1].state is State.REVOKED


def test_a_person_without_origin_closes_the_route(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    with away(origin):
        with pytest.raises(HeldError, match="--close"):
            rollback_offline(world, ENV, reason="it leaks", dry_run=False)
        rollback_offline(world, ENV, reason="it leaks", dry_run=False, close=True)
        assert world.places[ENV].shares == {}
    deploy(world, ENV, budget=60)
    assert world.places[ENV].shares == {}
    assert world.snapshot().history(ENV).closed


def test_what_the_target_keeps_warm_counts_where_main_was_never_fetched_since(
    origin: Origin, world: World, verdicts: object
) -> None:
    """An old clone with the workspace of another."""
    bring_up(origin, world, ONE)
    place = world.places[ENV]
    place.running, place.shares, place.kept = {ONE: True, TWO: True}, {ONE: 100}, {ONE, TWO}
    assert rollback_offline(world, ENV, reason="it is slow", dry_run=False).release == TWO
    assert place.shares == {TWO: 100}


def test_a_rollback_that_cannot_be_carried_out_leaves_no_entry(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    place = world.places[ENV]
    place.running[ONE] = False
    place.broken.add(ONE)
    for act in (rollback, rollback_offline):
        with pytest.raises(TargetError, match="exits at once"):
            act(world, ENV, reason="it is slow", dry_run=False)
        assert (place.shares, place.entry) == ({TWO: 100}, None)
    assert state(world) is State.VERIFIED


@contextmanager
def away(origin: Origin) -> Iterator[None]:
    """Origin cannot be reached meanwhile."""
    origin.bare.rename(origin.bare.with_suffix(".away"))
    try:
        yield
    finally:
        origin.bare.with_suffix(".away").rename(origin.bare)


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
