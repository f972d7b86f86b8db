"""A deployment and the rollback that waits for its runner."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from delivery.ci.turns import DEPLOY, ROLLBACK, Turns
from delivery.commands.deploy import deploy
from delivery.events.event import State
from delivery.settings.host import GitHub, Surroundings
from tests.delivery.place import World, judgement
from tests.github.hub import Hub
from tests.origin import Origin

ONE = "r-111111111111"
JOB = {"GITHUB_ACTIONS": "true", "DEPLOY_RUNNER": "box", "RUNNER_ENVIRONMENT": "self-hosted"}


@pytest.fixture
def hub(origin: Origin) -> Iterator[Hub]:
    with Hub(origin.bare, rulesets=()) as started:
        yield started


@pytest.fixture
def world(origin: Origin, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> World:
    """In a job on the runner where environments run; the App's token may start no workflow."""
    monkeypatch.setattr("delivery.deployment.active.judge_live", judgement("pass"))
    made = World(origin.path, lambda _: None)
    token = hub.token(hub.bot, {"actions": "write", "contents": "write"})
    app = hub.token(hub.app_actor, {"contents": "write", "pull_requests": "write"})
    github = GitHub(hub.slug, hub.url, hub.url, app, is_app=True)
    vars(made)["surroundings"] = Surroundings({**os.environ, **JOB, "GITHUB_TOKEN": token}, github)
    return made


@pytest.fixture
def ask(hub: Hub) -> Callable[[], None]:
    """Somebody asks for a rollback, and no runner is free for it."""
    path = f"/actions/workflows/{ROLLBACK}/dispatches"
    return lambda: hub.ask(hub.person("ada"), "POST", path, {"ref": "main"})


def asked(hub: Hub) -> list[str]:
    return [run["path"].rpartition("/")[2] for run in hub.runs]


def test_a_deployment_makes_way_between_two_transitions_and_another_run_goes_on(
    origin: Origin, hub: Hub, world: World, ask: Callable[[], None]
) -> None:
    origin.promote("production", ONE)
    ask()
    result = deploy(world, "production", budget=60)
    assert (result.made_way, result.step.state) == (True, State.ANALYSING)
    assert asked(hub) == [ROLLBACK, DEPLOY]
    assert world.places["production"].shares == {}
    hub.runs[0]["status"] = "in_progress"  # a runner took it
    assert deploy(world, "production", budget=60).step.state is State.VERIFIED
    assert asked(hub) == [ROLLBACK, DEPLOY]


def test_what_is_over_is_ended_whoever_waits(
    origin: Origin, hub: Hub, world: World, ask: Callable[[], None]
) -> None:
    origin.promote("production", ONE)
    deploy(world, "production", budget=60)
    ask()
    assert not deploy(world, "production", budget=60).made_way


def test_nobody_waits_where_the_runner_is_github_s_or_a_persons(
    world: World, ask: Callable[[], None]
) -> None:
    ask()
    here = world.surroundings
    assert Turns(world).make_way()
    for missing in ("GITHUB_ACTIONS", "DEPLOY_RUNNER", "GITHUB_TOKEN"):
        environ = {key: value for key, value in here.environ.items() if key != missing}
        vars(world)["surroundings"] = Surroundings(environ, here.github)
        assert not Turns(world).make_way()


def test_a_github_that_does_not_answer_holds_up_no_deployment(
    hub: Hub, world: World, ask: Callable[[], None]
) -> None:
    ask()
    hub.fail_next("GET", f"/workflows/{ROLLBACK}/runs", 404)
    assert not Turns(world).make_way()
