"""From merged to verified or rolled back, killed anywhere and run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.rollback import propose_rollback, rollback
from delivery.deployment import reconcile as deployment
from delivery.deployment.reconcile import Deployment
from delivery.errors import HeldError, InputError
from delivery.state.events import State
from delivery.state.snapshot import Snapshot
from tests.delivery.place import Killed, World, judgement
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"
ENV = "production"


@pytest.fixture
def world(origin: Origin) -> World:
    return World(origin.path, lambda _: None)


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Says what the active gates will say; they pass to begin with."""

    def say(status: Any) -> None:
        monkeypatch.setattr(deployment, "judge_live", judgement(status))

    say("pass")
    return say


def state(world: World) -> State:
    return Snapshot(world.repository).attempt(ENV).state


def bring_up(origin: Origin, world: World, release: str, previous: str = "") -> None:
    origin.promote(ENV, release, previous)
    deploy(world, ENV, budget=60)
    assert world.places[ENV].shares == {release: 100}


def test_a_merged_release_ends_verified_with_the_traffic(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    assert state(world) is State.VERIFIED
    assert set(world.places[ENV].running) == {ONE, TWO}, "the previous stays warm"


def test_it_gets_no_traffic_before_its_gates_passed(
    origin: Origin, world: World, verdicts: Callable[[Any], None]
) -> None:
    bring_up(origin, world, ONE)
    verdicts("fail")
    origin.promote(ENV, TWO, ONE)
    result = deploy(world, ENV, budget=60)
    assert result.tick.state is State.REJECTED
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
    assert deploy(world, ENV, budget=60).tick.state is State.VERIFIED
    desired = Snapshot(world.repository).desired(ENV)
    assert (desired.wanted.release, desired.rollback_of) == (ONE, TWO)


def test_one_that_does_not_start_is_rejected(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    world.places[ENV].broken.add(TWO)
    origin.promote(ENV, TWO, ONE)
    assert deploy(world, ENV, budget=60).tick.state is State.REJECTED
    assert world.places[ENV].shares == {ONE: 100}


def test_missing_evidence_asks_a_person_after_three_times(
    origin: Origin, world: World, verdicts: Callable[[Any], None]
) -> None:
    verdicts("hold")
    origin.promote(ENV, ONE)
    result = deploy(world, ENV, budget=60)
    assert [tick.did for tick in result.ticks] == [
        "deployed", "inconclusive-1", "inconclusive-2", "inconclusive-3",
    ]  # fmt: skip
    assert result.tick.state is State.INCONCLUSIVE
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
    assert deploy(world, ENV, budget=60).tick.state is State.VERIFIED
    assert world.places[ENV].shares == {TWO: 100}


def test_what_died_is_restarted(origin: Origin, world: World, verdicts: object) -> None:
    bring_up(origin, world, ONE)
    world.places[ENV].running[ONE] = False
    result = deploy(world, ENV, budget=60)
    assert result.tick.did == f"restarted {ONE}"
    assert world.places[ENV].running[ONE]


def test_nothing_wanted_closes_the_route(origin: Origin, world: World, verdicts: object) -> None:
    bring_up(origin, world, ONE)
    origin.want(ENV, "")
    assert deploy(world, ENV, budget=60).tick.idle
    assert world.places[ENV].shares == {}


def test_an_attempt_that_was_overtaken_says_so(
    origin: Origin, world: World, verdicts: object
) -> None:
    origin.promote(ENV, ONE)
    Deployment(world, ENV).tick()
    origin.promote(ENV, TWO)
    deploy(world, ENV, budget=60)
    newest, before = Snapshot(world.repository).history(ENV)[:2]
    assert newest.state is State.VERIFIED
    assert before.state is State.SUPERSEDED


def test_rollback_moves_traffic_then_says_so_then_proposes(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    bring_up(origin, world, TWO, previous=ONE)
    result = rollback(world, ENV, reason="it is slow", dry_run=False)
    assert world.places[ENV].shares == {ONE: 100}
    assert result.pull is not None
    assert result.pull.state == "merged"
    attempt = Snapshot(world.repository).history(ENV)[1]
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


def test_a_plan_says_what_comes_next_and_does_nothing(
    origin: Origin, world: World, verdicts: object
) -> None:
    origin.promote(ENV, ONE)
    step = Deployment(world, ENV).plan()
    assert (step.state, step.did) == (State.MERGED, "would start it beside what runs")
    assert state(world) is State.MERGED
    assert ENV not in world.places


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
    assert Snapshot(world.repository).desired(ENV).rollback_of == TWO


def test_the_first_release_is_rolled_back_to_nothing(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    rollback(world, ENV, reason="", dry_run=False)
    assert world.places[ENV].shares == {}
    assert not Snapshot(world.repository).champion().exists


def test_nothing_to_roll_back_is_named(origin: Origin, world: World) -> None:
    with pytest.raises(InputError, match="runs nothing"):
        rollback(world, ENV, reason="", dry_run=False)


def test_an_edited_rollback_does_not_merge_itself(
    origin: Origin, world: World, verdicts: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(origin, world, ONE)
    attempt = origin.promote(ENV, TWO, ONE)
    origin.happened(ENV, attempt, "rejected", TWO)
    branch = f"rollback/{ENV}/{attempt[:12]}"
    monkeypatch.setattr(type(world.forge), "merges_itself", False)
    propose_rollback(world, ENV)
    head = origin.git("ls-remote", "origin", f"refs/heads/{branch}").split()[0]
    edited = origin.repository.commit_files(head, {"model/evil.py": "x\n"}, "More")
    origin.git("push", "--quiet", "origin", f"{edited}:refs/heads/{branch}")
    monkeypatch.setattr(type(world.forge), "merges_itself", True)
    with pytest.raises(HeldError, match="not the generated rollback"):
        propose_rollback(world, ENV)
