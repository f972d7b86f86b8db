"""Every attempt with what came of it, newest first."""

from __future__ import annotations

import pytest

from delivery.commands.history import figures, history
from delivery.errors import InputError
from delivery.events.event import Event
from delivery.state.desired import desired_path
from tests.delivery.place import World
from tests.origin import Origin, tag_message

ONE, TWO = "r-111111111111", "r-222222222222"


@pytest.fixture
def world(origin: Origin) -> World:
    return World(origin.path, lambda _: None)


def test_an_environment_that_never_wanted_anything_has_none(world: World) -> None:
    assert history(world, None).attempts == ()


def test_attempts_are_told_newest_first(origin: Origin, world: World) -> None:
    first = origin.want("staging", ONE)
    origin.happened("staging", first, "verified", ONE)
    second = origin.want("staging", TWO, ONE)
    newest, before = history(world, "staging").attempts
    assert (newest.attempt, newest.release) == (second[:12], TWO)
    assert (before.attempt, before.events, before.state) == (first[:12], ("verified",), "verified")
    assert newest.merged[:2] == "20", "a date"


def test_a_rollback_names_what_it_takes_back(origin: Origin, world: World) -> None:
    origin.want("staging", TWO, ONE)
    origin.want("staging", ONE, of=TWO)
    assert history(world, "staging").attempts[0].rollback_of == TWO


def test_an_environment_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(InputError, match="staging, production"):
        history(world, "prod")


def test_what_was_not_deployed_says_why(origin: Origin, world: World) -> None:
    attempt = origin.want("staging", ONE)
    event = Event("staging", attempt, "rejected", ONE, "local", {"why": "it is slow"})
    origin.repository.create_tag(event.tag, attempt, tag_message(event))
    malformed = origin.push({desired_path("staging"): "nonsense"})
    origin.want("staging", TWO)
    newest, unreadable, rejected = history(world, "staging").attempts
    assert (newest.why, rejected.why) == ("", "it is slow")
    assert (unreadable.attempt, unreadable.state) == (malformed[:12], "rejected")
    assert "malformed" in unreadable.why


def test_who_when_how_long_and_by_which_verdicts(origin: Origin, world: World) -> None:
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    (row,) = history(world, "staging").attempts
    assert (row.by, row.verdicts) == ("tester", {})
    assert row.seconds is not None
    assert -2 < row.seconds < 60


def test_figures_are_those_of_the_log(origin: Origin, world: World) -> None:
    assert figures(world, "staging").failure_share is None
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    found = figures(world, "staging")
    assert (found.failure_share, found.lead_time_s) == (0.0, None), "its commit is made up"
