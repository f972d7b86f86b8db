"""Ticks come one after the other until somebody has to act."""

from __future__ import annotations

from delivery.deployment.reconcile import Deployment
from delivery.deployment.ticks import ticks
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.deployment.rolling import Says, Traffic, merged
from tests.delivery.place import World
from tests.origin import Origin


def test_they_end_with_what_is_verified_and_kept_warm(
    origin: Origin, world: World, verdicts: object
) -> None:
    origin.promote(ENV, ONE)
    with Deployment(world, ENV) as deployment:
        steps = [step.transition for step in ticks(world, deployment)]
    assert steps == ["deployed", "verified", "is up"]


def test_between_two_a_rollout_is_watched(origin: Origin, world: World, traffic: Traffic) -> None:
    """It takes less than a look at main until a decision is seen."""
    waits: list[Says] = ["wait"] * 9
    traffic.says = [*waits, "stop"]
    merged(origin, world)
    with Deployment(world, ENV) as deployment:
        steps = [step.transition for step in ticks(world, deployment)]
    assert steps == ["deployed", "step-1", "waits: exposure: 300 are missing", "rejected"]
    assert len(traffic.judged) > 9
    assert TWO not in world.places[ENV].shares
