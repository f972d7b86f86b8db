"""What follows an attempt that has come to an end: a proposal, a rollback, or nothing."""

from __future__ import annotations

import pytest

from delivery.deployment import outcome
from delivery.deployment.outcome import follow_up
from delivery.deployment.transition import Step
from delivery.errors import HeldError
from delivery.events.event import State
from tests.delivery.deployment.production import ENV, ONE, TWO, bring_up
from tests.delivery.place import World
from tests.origin import Origin


def steps(environment: str, state: State) -> tuple[Step, ...]:
    return (Step(environment, ONE, state, "…"),)


def test_nothing_follows_the_last_environment(
    origin: Origin, world: World, verdicts: object
) -> None:
    bring_up(origin, world, ONE)
    result = follow_up(world, ENV, steps(ENV, State.VERIFIED))
    assert (result.next, result.held, result.rollback) == (None, "", None)


def test_why_the_next_environment_was_not_proposed_is_told(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object) -> None:
        raise HeldError("the store is away")

    monkeypatch.setattr(outcome, "advance", held)
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    assert follow_up(world, "staging", steps("staging", State.VERIFIED)).held == "the store is away"


def test_a_rollback_follows_what_failed(origin: Origin, world: World, verdicts: object) -> None:
    bring_up(origin, world, ONE)
    origin.happened(ENV, origin.promote(ENV, TWO, ONE), "rejected", TWO)
    result = follow_up(world, ENV, steps(ENV, State.REJECTED))
    assert result.rollback is not None


def test_a_person_follows_what_is_inconclusive(origin: Origin, world: World) -> None:
    result = follow_up(world, "staging", steps("staging", State.INCONCLUSIVE))
    assert (result.next, result.rollback) == (None, None)
