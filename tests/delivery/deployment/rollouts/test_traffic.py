"""A rollout through a target in memory: who has which share, and when it has none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.hold import hold
from delivery.commands.rollback import rollback
from delivery.deployment.reconcile import Deployment
from delivery.deployment.rollouts.traffic import lacking
from delivery.deployment.ticks import ticks
from delivery.deployment.transition import Step
from delivery.errors import HeldError
from delivery.events.event import State
from delivery.settings.policy import parse_settings
from delivery.targets.protocol import Capabilities
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.deployment.rolling import Traffic, kinds, merged, policy
from tests.delivery.place import Place, World
from tests.origin import Origin

THREE = "r-333333333333"
STEPS = ["step-1", "step-2", "step-3"]


def until_rolling(deployment: Deployment) -> Step:
    """The last of deployed, step-1, and the tick that puts it in force."""
    return [deployment.tick() for _ in range(3)][-1]


@pytest.fixture
def rolling(origin: Origin, world: World, traffic: Traffic) -> Iterator[Deployment]:
    """Watches the first step, which waits for samples."""
    traffic.says = ["wait"]
    merged(origin, world)
    with Deployment(world, ENV) as deployment:
        until_rolling(deployment)
        yield deployment


def test_a_canary_goes_step_by_step(origin: Origin, world: World, traffic: Traffic) -> None:
    merged(origin, world)
    result = deploy(world, ENV, budget=60)
    assert result.step.state is State.VERIFIED
    assert kinds(world) == ["deployed", *STEPS, "verified"]
    assert world.places[ENV].shares == {TWO: 100}


def test_each_step_has_its_share(origin: Origin, world: World, traffic: Traffic) -> None:
    traffic.says = ["wait", "go", "wait", "go", "wait", "go"]
    merged(origin, world)
    shares = []
    with Deployment(world, ENV) as deployment:
        while not deployment.tick().final:
            shares.append(world.places[ENV].shares.get(TWO, 0))
    assert [share for share in dict.fromkeys(shares) if share] == [5, 25, 50]


def test_harm_ends_it_at_once(origin: Origin, world: World, traffic: Traffic) -> None:
    traffic.says = ["wait", "stop"]
    merged(origin, world)
    result = deploy(world, ENV, budget=60)
    assert result.step.state is State.REJECTED
    assert world.places[ENV].shares == {ONE: 100}
    assert kinds(world, age=1) == ["deployed", "step-1", "rejected"]
    assert result.rollback is not None, "and the forge of these tests merges it"
    evidence = world.snapshot().history(ENV).attempts[1].events[-1].evidence
    assert (evidence["why"], evidence["verdicts"]) == (
        "rollout_errors: it fails more", {"rollout_errors": "fail"},
    )  # fmt: skip


def test_a_first_release_has_nobody_beside_it(
    origin: Origin, world: World, traffic: Traffic
) -> None:
    origin.push({"delivery.yaml": policy()}, "Roll out by a canary")
    origin.promote(ENV, ONE)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert kinds(world) == ["deployed", "verified"]


def test_when_the_command_ends_the_lease_does(
    origin: Origin, world: World, traffic: Traffic
) -> None:
    traffic.says = ["wait"]
    merged(origin, world)
    with Deployment(world, ENV) as deployment:
        assert until_rolling(deployment).transition == "waits: exposure: 300 are missing"
        assert world.places[ENV].is_watched()
    assert not world.places[ENV].is_watched()


def test_a_budget_that_ends_leaves_no_share_to_nobody(
    origin: Origin, world: World, traffic: Traffic
) -> None:
    traffic.says = ["wait"]
    merged(origin, world)
    with Deployment(world, ENV) as deployment:
        until_rolling(deployment)
    with pytest.raises(HeldError, match=f"Nobody watches any more, so nothing reaches {TWO}"):
        deploy(world, ENV, budget=0)
    assert world.places[ENV].shares == {ONE: 100}
    traffic.says = ["go"]
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert kinds(world) == ["deployed", *STEPS, "verified"]


def test_two_watch_no_rollout(world: World, rolling: Deployment) -> None:
    with Deployment(world, ENV) as second, pytest.raises(HeldError, match="another command"):
        second.tick()
    rolling.leave()
    assert world.places[ENV].shares == {ONE: 100}


def test_superseded_in_a_step_it_loses_its_share_first(
    origin: Origin, world: World, rolling: Deployment
) -> None:
    attempt = world.snapshot().attempt(ENV).commit
    origin.promote(ENV, THREE, ONE)
    rolling.tick()
    assert world.places[ENV].shares == {ONE: 100}
    before = world.snapshot().history(ENV).attempts[1]
    assert (before.commit, before.state) == (attempt, State.SUPERSEDED)
    assert THREE in world.places[ENV].running


def test_rolled_back_in_a_step(world: World, rolling: Deployment) -> None:
    rollback(world, ENV, reason="complaints", dry_run=False)
    assert world.places[ENV].shares == {ONE: 100}
    step = rolling.tick()
    assert step.state.failed or step.release == ONE
    assert world.places[ENV].shares == {ONE: 100}


def test_held_in_a_step_its_watch_ends(world: World, rolling: Deployment) -> None:
    """And the lease with it, as that of every command that ends."""
    watch = ticks(world, rolling)
    assert not next(watch).final
    hold(world, ENV, reason="incident 7")
    with pytest.raises(HeldError, match="incident 7"):
        next(watch)


def test_a_champion_that_is_revoked_is_no_comparison(
    origin: Origin, world: World, rolling: Deployment
) -> None:
    champion = world.snapshot().history(ENV).attempts[1].commit
    origin.happened(ENV, champion, "revoked-1", ONE)
    assert rolling.tick().transition == "inconclusive-1"
    assert world.places[ENV].shares == {ONE: 100}


def test_a_release_that_died_with_a_share_is_rejected(world: World, rolling: Deployment) -> None:
    world.places[ENV].running[TWO] = False
    assert rolling.tick().state is State.REJECTED
    assert world.places[ENV].shares == {ONE: 100}


def test_after_the_machine_was_off_the_step_goes_on(
    origin: Origin, world: World, traffic: Traffic
) -> None:
    traffic.says = ["wait"]
    merged(origin, world)
    with Deployment(world, ENV) as deployment:
        until_rolling(deployment)
    world.places[ENV].running.update({ONE: False, TWO: False})
    with Deployment(world, ENV) as deployment:
        assert deployment.tick().transition.startswith("waits")
        assert world.places[ENV].shares == {ONE: 95, TWO: 5}


def test_what_a_rollout_needs_and_a_target_lacks_is_named(world: World) -> None:
    environment = parse_settings(policy()).environment(ENV)
    assert lacking(environment, Place(ENV).target) == []
    (sentence,) = lacking(environment, Place(ENV, capabilities=Capabilities(lasting=True)).target)
    assert "needs shares, sticky, records, which its target lacks. `rollout: at_once`" in sentence
    (sentence,) = lacking(environment, Place(ENV, capabilities=Capabilities(lasting=False)).target)
    assert "where nobody stays up to watch it" in sentence
    assert lacking(parse_settings(policy()).environment("staging"), Place("staging").target) == []


def test_a_shadow_needs_what_releases_answered_and_a_mirror_where_settings_ask_for_one() -> None:
    able = Capabilities(lasting=True, predictions=True)
    for rollout, lacks in (
        ("shadow", ""),
        ("{ shadow: { mirror: 0 } }", ""),
        ("{ shadow: { mirror: 5 } }", "needs mirror, which"),
        ("[shadow, canary]", "needs shares, sticky, records, which"),
    ):
        environment = parse_settings(policy(rollout)).environment(ENV)
        assert lacks in "".join(lacking(environment, Place(ENV, capabilities=able).target))
        assert lacking(environment, Place(ENV).target) == []
        silent = Place(ENV, capabilities=Capabilities(lasting=True, mirror=True))
        assert "needs predictions" in "".join(lacking(environment, silent.target))
