"""`delivery promote`: which release is meant, and which gates a person may override there."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.commands import promote as command
from delivery.commands.hold import hold
from delivery.commands.promote import promote
from delivery.deployment.advance import PromoteRequest
from delivery.errors import HeldError, InputError, RefusedError
from delivery.settings.overrides import Overrides
from tests.delivery.place import World
from tests.origin import Origin

ONE = "r-111111111111"


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(command, "advance", release_of)
    return World(origin.path, lambda _: None)


def release_of(*seen: Any) -> Any:
    """In place of `advance`: the release that it would bring forward."""
    return seen[-1]


def test_without_a_release_it_is_the_one_that_upstream_verified(
    origin: Origin, world: World
) -> None:
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    assert promote(world, PromoteRequest("production")) == ONE


def test_what_upstream_runs_unverified_is_held(origin: Origin, world: World) -> None:
    origin.want("staging", ONE)
    with pytest.raises(HeldError, match=rf"{ONE}, which is merged.*delivery deploy staging"):
        promote(world, PromoteRequest("production"))


def test_an_upstream_that_wants_nothing_is_held(world: World) -> None:
    with pytest.raises(HeldError, match="staging runs none"):
        promote(world, PromoteRequest("production"))


def test_the_first_environment_needs_to_be_told(origin: Origin, world: World) -> None:
    origin.want("production", ONE)
    with pytest.raises(InputError, match=f"--release ID.*main has {ONE}"):
        promote(world, PromoteRequest("staging"))
    assert promote(world, PromoteRequest("staging", ONE)) == ONE


def test_an_override_that_is_not_allowed_there_is_refused(world: World) -> None:
    with pytest.raises(RefusedError, match=r"environments\.production\.overrides"):
        promote(world, PromoteRequest("production", ONE, Overrides("late", ("load",))))


def test_an_environment_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(InputError, match="staging, production"):
        promote(world, PromoteRequest("prod"))


def test_a_held_environment_may_be_proposed_to(origin: Origin, world: World) -> None:
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    hold(world, "production", reason="an incident")
    assert promote(world, PromoteRequest("production")) == ONE
