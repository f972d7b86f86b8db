"""A deployment runs to a state that is final, and not at all where nothing could stay."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest

from delivery.commands.deploy import deploy, plan
from delivery.commands.rollback import rollback
from delivery.commands.status import status
from delivery.errors import HeldError, InputError
from delivery.events.event import State
from delivery.settings.host import GitHub, Surroundings
from delivery.targets.protocol import Target
from tests.delivery.machine import Machine, machine
from tests.delivery.place import World, judgement
from tests.delivery.targets.local.clients import freeze, freeze_router, kill, kill_router, who
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"
HOSTED = {
    "GITHUB_ACTIONS": "true",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "DEPLOY_RUNNER": "ubuntu-latest",
}


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("delivery.deployment.active.judge_live", judgement("pass"))
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
    monkeypatch.setattr("delivery.deployment.active.judge_live", judgement("hold"))
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


@pytest.fixture
def real(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """ONE is verified in production and really runs there, TWO was before."""
    monkeypatch.setattr("delivery.deployment.active.judge_live", judgement("pass"))
    with machine(origin, monkeypatch) as made:
        origin.happened("production", origin.promote("production", TWO), "verified", TWO)
        attempt = origin.want("production", ONE, TWO)
        origin.happened("production", attempt, "verified", ONE)
        made.settle("production", ONE, TWO)
        yield made


def delete_state(target: Target) -> None:
    shutil.rmtree(target.runtime.folder.parent)


def empty(name: str) -> Callable[[Target], None]:
    def damage(target: Target) -> None:
        for file in target.runtime.folder.rglob(name):
            file.write_text("")

    return damage


@pytest.mark.parametrize(
    "harm",
    [
        freeze_router,
        kill_router,
        delete_state,
        empty("*.json"),
        empty("route.yml"),
        lambda target: freeze(target, ONE),
        lambda target: kill(target, ONE),
    ],
    ids=["router frozen", "router dead", "deleted", "json", "route", "frozen", "leader dead"],
)
def test_what_died_hangs_or_lost_its_files_is_mended(
    real: Machine, harm: Callable[[Target], None]
) -> None:
    target = real.place("production")
    harm(target)
    deploy(real, "production", budget=60)
    row = status(real).environments[1]
    assert (row.problem, row.route) == ("", f"{ONE} 100%")
    assert who(target) == ONE
    assert set(target.runtime.instances()) == {ONE, TWO}


@pytest.mark.parametrize("name", ["*.json", "route.yml"])
def test_a_rollback_needs_none_of_the_files(real: Machine, name: str) -> None:
    target = real.place("production")
    empty(name)(target)
    rollback(real, "production", reason="complaints", dry_run=False)
    assert who(target) == TWO
