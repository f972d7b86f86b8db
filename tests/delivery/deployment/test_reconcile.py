"""From merged to verified or rolled back, killed anywhere and run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from delivery.commands.deploy import deploy
from delivery.deployment.reconcile import Deployment
from delivery.errors import HeldError, InputError
from delivery.events.event import State
from delivery.gates.verdict import Verdict
from delivery.state.desired import desired_path
from delivery.state.snapshot import Snapshot
from tests.delivery.deployment.production import ENV, ONE, TWO, bring_up, by_hand, state
from tests.delivery.place import Killed, Place, World
from tests.origin import Origin

THREE = "r-333333333333"


def test_a_merged_release_ends_verified_with_the_traffic(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE, TWO)
    assert state(world) is State.VERIFIED
    assert set(world.places[ENV].running) == {ONE, TWO}, "the previous stays warm"


def test_it_gets_no_traffic_before_its_gates_passed(
    origin: Origin, world: World, verdicts: Callable[[Any], None]
) -> None:
    bring_up(origin, world, ONE)
    verdicts("fail")
    origin.promote(ENV, TWO, ONE)
    result = deploy(world, ENV, budget=60)
    assert result.step.state is State.REJECTED
    assert TWO not in ",".join(world.places[ENV].seen)
    assert world.places[ENV].shares == {ONE: 100}


def test_a_rejected_release_ends_in_a_merged_rollback(
    origin: Origin, world: World, verdicts: Callable[[Any], None]
) -> None:
    bring_up(origin, world, ONE)
    verdicts("fail")
    origin.promote(ENV, TWO, ONE)
    pull = deploy(world, ENV, budget=60).rollback
    assert pull is not None
    assert pull.state == "merged"
    verdicts("pass")
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    desired = world.snapshot().desired(ENV)
    assert (desired.wanted.release, desired.rollback_of) == (ONE, TWO)


def test_one_that_does_not_start_is_rejected(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    world.places[ENV].broken.add(TWO)
    origin.promote(ENV, TWO, ONE)
    assert deploy(world, ENV, budget=60).step.state is State.REJECTED
    assert world.places[ENV].shares == {ONE: 100}


def test_missing_evidence_asks_a_person_after_three_times(
    origin: Origin, world: World, verdicts: Callable[[Any], None]
) -> None:
    verdicts("hold")
    origin.promote(ENV, ONE)
    result = deploy(world, ENV, budget=60)
    assert [tick.transition for tick in result.steps] == [
        "deployed", "inconclusive-1", "inconclusive-2", "inconclusive-3",
    ]  # fmt: skip
    assert result.step.state is State.INCONCLUSIVE
    assert world.places[ENV].shares == {}


@pytest.mark.parametrize("calls", range(8))
def test_killed_at_any_call_it_ends_the_same(
    origin: Origin, world: World, verdicts: object, calls: int
) -> None:
    bring_up(origin, world, ONE)
    origin.promote(ENV, TWO, ONE)
    world.places[ENV].calls_left = calls
    try:
        deploy(world, ENV, budget=60)
    except Killed:
        assert world.places[ENV].shares, "clients were left without an answer"
    world.places[ENV].calls_left = None
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert world.places[ENV].shares == {TWO: 100}


def test_what_died_is_restarted(origin: Origin, world: World, verdicts: object) -> None:
    bring_up(origin, world, ONE)
    world.places[ENV].running[ONE] = False
    result = deploy(world, ENV, budget=60)
    assert result.step.transition == f"restarted {ONE}"
    assert world.places[ENV].running[ONE]


def test_what_the_holder_of_the_lock_did_meanwhile_is_read_again(
    origin: Origin, world: World, verdicts: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = origin.promote(ENV, ONE)
    lock = Place.lock

    def locked(place: Place) -> Any:
        """Somebody else rejected the attempt while this one waited."""
        origin.happened(ENV, attempt, "rejected", ONE)
        return lock(place)

    monkeypatch.setattr(Place, "lock", locked)
    assert Deployment(world, ENV).tick().state is State.REJECTED
    assert world.places[ENV].running == {}


def test_clients_are_answered_by_the_previous_before_anything_new_starts(
    origin: Origin, world: World, verdicts: object
) -> None:
    """Another machine verified ONE; on this one nothing runs yet."""
    origin.happened(ENV, origin.promote(ENV, ONE), "verified", ONE)
    origin.promote(ENV, TWO, ONE)
    assert Deployment(world, ENV).tick().transition == "deployed"
    assert world.places[ENV].shares == {ONE: 100}


def test_a_previous_that_may_not_start_gets_no_traffic(
    origin: Origin, world: World, verdicts: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signature(_: World, __: Snapshot, release: str, *___: str) -> Verdict:
        return Verdict("signature", "fail" if release == ONE else "pass", "m", "r", "w")

    origin.happened(ENV, origin.promote(ENV, ONE), "verified", ONE)
    origin.promote(ENV, TWO, ONE)
    monkeypatch.setattr(World, "signature", signature)
    assert Deployment(world, ENV).tick().transition == "deployed"
    assert (set(world.places[ENV].running), world.places[ENV].shares) == ({TWO}, {})


def test_a_file_that_wants_nothing_closes_no_route(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    origin.want(ENV, "")
    with pytest.raises(HeldError, match=r"nobody closed.*--close"):
        deploy(world, ENV, budget=60)
    assert world.places[ENV].shares == {ONE: 100}
    assert world.snapshot().history(ENV).verified.release == ONE


def test_a_malformed_file_moves_no_traffic_and_says_what_to_do(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    attempt = origin.push({desired_path(ENV): "nonsense"})
    advice = rf"malformed.*`git revert {attempt[:12]}`.*`delivery rollback {ENV}`"
    for act in (lambda: deploy(world, ENV, budget=60), Deployment(world, ENV).plan):
        with pytest.raises(InputError, match=advice):
            act()
    assert world.places[ENV].shares == {ONE: 100}


def test_a_malformed_file_that_was_reverted_holds_up_nothing(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    file = origin.path / desired_path(ENV)
    good = file.read_text()
    origin.push({desired_path(ENV): good.replace("bentoSha256", "bentoSha257")})
    origin.push({desired_path(ENV): good})
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    origin.promote(ENV, TWO, ONE)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert world.places[ENV].shares == {TWO: 100}


def test_each_attempt_that_never_began_is_closed_by_the_one_that_does(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    passed_over = [origin.promote(ENV, release, ONE) for release in (TWO, THREE)]
    newest = origin.promote(ENV, TWO, ONE)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    states = {attempt.commit: attempt.state for attempt in world.snapshot().history(ENV)}
    assert [states[commit] for commit in passed_over] == [State.SUPERSEDED, State.SUPERSEDED]
    assert states[newest] is State.VERIFIED


@pytest.mark.parametrize(("wanted", "previous"), [(TWO, ""), (ONE, TWO)])
def test_a_rejected_hand_edit_leaves_the_traffic_with_what_was_verified(
    origin: Origin, world: World, verdicts: object, wanted: str, previous: str
) -> None:
    """Though its file says that nothing ran before, and even if it wants what runs already."""
    bring_up(origin, world, ONE)
    by_hand(origin, wanted, previous)
    assert deploy(world, ENV, budget=60).step.state is State.REJECTED
    desired = world.snapshot().desired(ENV)
    assert (desired.wanted.release, desired.is_rollback) == (ONE, True)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert world.places[ENV].shares == {ONE: 100}


def test_a_file_that_was_not_admitted_says_nothing_about_its_release(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    good = (origin.path / desired_path(ENV)).read_text()
    by_hand(origin, ONE, previous=TWO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(world.forge), "merges_itself", False)
        assert deploy(world, ENV, budget=60).step.state is State.REJECTED
    origin.push({desired_path(ENV): good})
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED


def test_a_first_release_that_fails_leaves_the_route_as_it_is(
    origin: Origin, world: World, verdicts: Callable[[Any], None]
) -> None:
    verdicts("fail")
    origin.promote(ENV, ONE)
    for _ in range(2):
        deploy(world, ENV, budget=60)
    assert (world.places[ENV].shares, world.places[ENV].running) == ({}, {})
    assert not world.snapshot().desired(ENV).wanted.exists


def test_what_got_the_traffic_and_failed_when_it_was_judged_again_loses_it(
    origin: Origin, world: World, verdicts: Callable[[Any], None]
) -> None:
    """Killed after the traffic moved and before the event."""
    bring_up(origin, world, ONE)
    origin.promote(ENV, TWO, ONE)
    Deployment(world, ENV).tick()
    world.places[ENV].shares = {TWO: 100}
    verdicts("fail")
    assert deploy(world, ENV, budget=60).step.state is State.REJECTED
    assert world.places[ENV].shares == {ONE: 100}


def test_an_attempt_that_was_overtaken_says_so(
    origin: Origin, world: World, verdicts: object
) -> None:
    origin.promote(ENV, ONE)
    Deployment(world, ENV).tick()
    origin.promote(ENV, TWO)
    deploy(world, ENV, budget=60)
    newest, before = world.snapshot().history(ENV).attempts[:2]
    assert newest.state is State.VERIFIED
    assert before.state is State.SUPERSEDED


def test_a_plan_says_what_comes_next_and_does_nothing(
    origin: Origin, world: World, verdicts: object
) -> None:
    origin.promote(ENV, ONE)
    step = Deployment(world, ENV).plan()
    assert (step.state, step.transition) == (State.MERGED, "would start it beside what runs")
    assert state(world) is State.MERGED
    assert ENV not in world.places
