"""Which environments a job has to look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.commands.pending import pending
from delivery.events.event import MAX_INCONCLUSIVE, Event
from delivery.git.refs import promotion_branch
from delivery.settings.host import GitHub, Surroundings
from delivery.state.desired import desired_path
from tests.delivery.place import World
from tests.origin import Origin, tag_message

ONE, TWO = "r-111111111111", "r-222222222222"
GITHUB = GitHub("acme/model", "https://github.com", "https://api.github.com", "", is_app=False)


@pytest.fixture
def world(origin: Origin) -> World:
    return World(origin.path, lambda _: None)


def job(world: World, **environ: str) -> World:
    """The same in a job, whose pull requests are those of origin."""
    _ = world.forge, world.repository  # made while origin is not on GitHub
    vars(world)["surroundings"] = Surroundings({"GITHUB_ACTIONS": "true", **environ}, GITHUB)
    return world


def rehearsed(origin: Origin, environment: str, attempt: str, *kinds: str) -> None:
    for kind in kinds:
        event = Event(environment, attempt, kind, ONE, "rehearsal", {})
        assert origin.repository.create_tag(event.tag, attempt, tag_message(event))


def propose(origin: Origin, world: World, state: str) -> None:
    """The promotion of ONE to production."""
    head = promotion_branch("production", ONE)
    commit = origin.repository.commit_files("origin/main", {"x": "x"}, "Promote")
    origin.git("push", "--quiet", "origin", f"{commit}:refs/heads/{head}")
    pull = world.forge.open(head, "Promote", "", ())
    if state == "closed":
        world.forge.close(pull.number, "no")


def test_where_nothing_is_wanted_nothing_is_left(world: World) -> None:
    assert pending(world).environments == ()
    assert pending(job(world)).environments == ()


def test_what_is_wanted_is_looked_at_in_order(origin: Origin, world: World) -> None:
    origin.promote("production", ONE)
    assert pending(world).environments == ("staging", "production")


def test_a_runner_of_its_own_is_looked_after_though_verified(origin: Origin, world: World) -> None:
    """Its processes may have died."""
    attempt = origin.want("staging", ONE)
    origin.happened("staging", attempt, "verified", ONE)
    propose(origin, world, "open")
    assert pending(job(world, DEPLOY_RUNNER="own")).environments == ("staging",)


@pytest.mark.parametrize("state", ["open", "closed"])
def test_a_rehearsal_is_over_once_its_promotion_was_proposed(
    origin: Origin, world: World, state: str
) -> None:
    attempt = origin.want("staging", ONE)
    rehearsed(origin, "staging", attempt, "verified")
    assert pending(job(world)).environments == ("staging",), "the next is not proposed yet"
    propose(origin, world, state)
    assert pending(world).environments == (), "what a person closed stays closed"


def test_a_promotion_that_is_merged_leaves_the_next_environment(
    origin: Origin, world: World
) -> None:
    attempt = origin.want("staging", ONE)
    rehearsed(origin, "staging", attempt, "verified")
    origin.want("production", ONE)
    assert pending(job(world)).environments == ("production",)


def test_the_last_environment_has_no_follow_up(origin: Origin, world: World) -> None:
    attempt = origin.want("production", ONE)
    rehearsed(origin, "production", attempt, "verified")
    assert pending(job(world)).environments == ()


def test_a_rollback_has_no_follow_up(origin: Origin, world: World) -> None:
    attempt = origin.want("staging", ONE, of=TWO)
    rehearsed(origin, "staging", attempt, "verified")
    assert pending(job(world)).environments == ()


@pytest.mark.parametrize(
    ("kinds", "left"),
    [
        ((), True),
        (("deployed",), True),
        (("rejected",), True),  # its rollback may be left to propose
        (("verified", "revoked-1"), True),
        (("superseded",), False),
        (tuple(f"inconclusive-{n + 1}" for n in range(MAX_INCONCLUSIVE - 1)), True),
        (tuple(f"inconclusive-{n + 1}" for n in range(MAX_INCONCLUSIVE)), False),
    ],
)
def test_a_rehearsal_that_needs_a_person_or_is_past_is_over(
    origin: Origin, world: World, kinds: tuple[str, ...], left: bool
) -> None:
    attempt = origin.want("staging", ONE)
    rehearsed(origin, "staging", attempt, *kinds)
    assert pending(job(world)).environments == (("staging",) if left else ())


def test_what_happened_on_a_runner_of_its_own_is_no_rehearsal(origin: Origin, world: World) -> None:
    attempt = origin.want("production", ONE)
    origin.happened("production", attempt, "verified", ONE)
    assert pending(job(world)).environments == ("production",)


def test_later_jobs_get_the_names_as_one_line_of_json(
    origin: Origin, world: World, tmp_path: Path
) -> None:
    origin.promote("production", ONE)
    output = tmp_path / "output"
    pending(job(world, GITHUB_OUTPUT=str(output)))
    (line,) = output.read_text().splitlines()
    name, _, value = line.partition("=")
    assert (name, json.loads(value)) == ("environments", ["staging", "production"])


def test_a_file_that_cannot_be_read_needs_a_deployment_to_say_so(
    origin: Origin, world: World
) -> None:
    origin.push({desired_path("staging"): "nonsense"})
    assert pending(world).environments == ("staging",)
    assert pending(job(world)).environments == ("staging",)
