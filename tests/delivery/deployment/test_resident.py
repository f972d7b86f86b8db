"""What a resident watches: a rollout that has begun and that nobody watches."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from delivery.deployment import resident as module
from delivery.deployment.reconcile import Deployment
from delivery.deployment.resident import Resident
from delivery.events.event import State
from tests.delivery.deployment.production import ENV, ONE, TWO, state
from tests.delivery.deployment.rolling import Traffic, kinds, merged
from tests.delivery.place import World
from tests.delivery.running import eventually
from tests.origin import Origin


@pytest.fixture
def resident(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Resident]:
    monkeypatch.setattr(module, "LOOK", 0.0)
    made = Resident(world, ("staging", ENV))
    yield made
    made.end()


def handed_over(origin: Origin, world: World, rollout: str = "canary") -> None:
    """A deployment began the rollout and ended."""
    merged(origin, world, rollout)
    with Deployment(world, ENV) as deployment:
        for _ in range(3):
            deployment.tick()


def test_it_goes_on_with_what_a_deployment_began(
    origin: Origin, world: World, traffic: Traffic, resident: Resident
) -> None:
    traffic.says = ["wait"]
    handed_over(origin, world)
    resident.look()
    eventually(world.places[ENV].is_watched)
    traffic.says = ["go"]
    eventually(lambda: state(world) is State.VERIFIED, seconds=60)
    assert kinds(world) == ["deployed", "step-1", "step-2", "step-3", "verified"]
    assert world.places[ENV].shares == {TWO: 100}


def test_it_goes_on_with_a_shadow_and_ends_its_copies(
    origin: Origin, world: World, shadows: Traffic, resident: Resident
) -> None:
    shadows.says = ["wait"]
    handed_over(origin, world, "shadow")
    assert world.places[ENV].mirrored is not None
    assert not world.places[ENV].is_watched()
    resident.look()
    eventually(world.places[ENV].is_watched)
    shadows.says = ["stop"]
    eventually(lambda: world.snapshot().desired(ENV).is_rollback, seconds=60)
    assert world.places[ENV].mirrored is None
    assert world.places[ENV].shares == {ONE: 100}


def test_a_rollback_is_proposed_as_a_deployment_would(
    origin: Origin, world: World, traffic: Traffic, resident: Resident
) -> None:
    traffic.says = ["wait"]
    handed_over(origin, world)
    traffic.says = ["stop"]
    resident.look()
    eventually(lambda: world.snapshot().desired(ENV).is_rollback, seconds=60)
    assert world.places[ENV].shares == {ONE: 100}


def test_when_it_ends_no_candidate_has_a_share(
    origin: Origin, world: World, traffic: Traffic, resident: Resident
) -> None:
    traffic.says = ["wait"]
    handed_over(origin, world)
    resident.look()
    eventually(world.places[ENV].is_watched)
    resident.end()
    assert world.places[ENV].shares == {ONE: 100}


def test_it_begins_nothing_and_takes_nothing_over(
    origin: Origin, world: World, traffic: Traffic, resident: Resident
) -> None:
    traffic.says = ["wait"]
    merged(origin, world)
    before = set(threading.enumerate())
    resident.look()
    assert set(threading.enumerate()) <= before, "it was merged, and no deployment began it"
    with Deployment(world, ENV) as deployment:
        for _ in range(3):
            deployment.tick()
        resident.look()
        assert set(threading.enumerate()) <= before, "a deployment watches it"
