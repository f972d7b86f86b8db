"""A deployment runs to a state that is final, and not at all where nothing could stay."""

from __future__ import annotations

import pytest

from delivery.commands.deploy import deploy, plan
from delivery.errors import HeldError, InputError
from delivery.settings.host import GitHub, Surroundings
from delivery.state.events import State
from tests.delivery.place import World, judgement
from tests.origin import Origin

ONE = "r-111111111111"
HOSTED = {
    "GITHUB_ACTIONS": "true",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "DEPLOY_RUNNER": "ubuntu-latest",
}


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("delivery.deployment.reconcile.judge_live", judgement("pass"))
    return World(origin.path, lambda _: None)


def test_the_last_environment_ends_verified_and_proposes_nothing(
    origin: Origin, world: World
) -> None:
    origin.promote("production", ONE)
    result = deploy(world, "production", budget=60)
    assert world.snapshot().attempt("production").state is State.VERIFIED
    assert (result.next, result.held, result.rollback) == (None, "", None)


def test_where_nothing_is_wanted_nothing_runs(world: World) -> None:
    deploy(world, "staging", budget=60)
    assert world.places["staging"].running == {}


def test_missing_evidence_ends_without_the_traffic(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.deployment.reconcile.judge_live", judgement("hold"))
    origin.promote("production", ONE)
    deploy(world, "production", budget=60)
    assert world.snapshot().attempt("production").state is State.INCONCLUSIVE
    assert world.places["production"].shares == {}


def test_time_that_is_over_is_said_with_the_command_that_goes_on(
    origin: Origin, world: World
) -> None:
    origin.promote("production", ONE)
    with pytest.raises(HeldError, match="`delivery deploy production` goes on"):
        deploy(world, "production", budget=-1)


def test_a_hosted_runner_that_claims_to_stay_is_refused(world: World) -> None:
    github = GitHub("o/r", "s", "a", "", is_app=False)
    vars(world)["surroundings"] = Surroundings(HOSTED, github)
    with pytest.raises(InputError, match="variable DEPLOY_RUNNER"):
        deploy(world, "staging", budget=60)


def test_a_plan_changes_nothing(origin: Origin, world: World) -> None:
    origin.want("staging", ONE)
    assert plan(world, "staging").release == ONE
    assert "staging" not in world.places or world.places["staging"].running == {}
