"""A rehearsal goes the whole way, leaves nothing up, and counts for rehearsals alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.history import history
from delivery.commands.rollback import rollback
from delivery.commands.status import status
from delivery.commands.verify import verify
from delivery.deployment import active
from delivery.deployment.outcome import Outcome
from delivery.errors import HeldError
from delivery.events.event import State
from delivery.forge.local import LocalForge
from delivery.settings.host import GitHub, Surroundings
from delivery.settings.policy import parse_settings
from delivery.state.desired import desired_path
from delivery.targets.protocol import Capabilities
from delivery.targets.rehearsal import rehearsal_target
from tests.delivery.place import Place, World, judgement
from tests.origin import Origin

ONE = "r-111111111111"
HOSTED = {"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "github-hosted", "DEPLOY_RUNNER": ""}


class Hosted(World):
    """A hosted runner: what a job starts there ends with it."""

    surroundings = Surroundings(HOSTED, GitHub("o/r", "s", "a", "", is_app=False))

    @property
    def forge(self) -> LocalForge:  # type: ignore[override]
        return LocalForge(self.repository)


@pytest.fixture
def hosted(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Hosted:
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    places = {
        name: Place(name, capabilities=Capabilities(lasting=False))
        for name in ("staging", "production")
    }
    return Hosted(origin.path, lambda _: None, places)


@pytest.fixture
def rehearsed(origin: Origin, hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """ONE, rehearsed in staging."""
    monkeypatch.setattr(
        "delivery.commands.deploy.follow_up", lambda _, __, steps: Outcome(steps[-1], steps)
    )
    origin.want("staging", ONE)
    return deploy(hosted, "staging", budget=60)


def test_it_ends_verified_and_leaves_nothing_up(hosted: Hosted, rehearsed: Outcome) -> None:
    assert rehearsed.step.state is State.VERIFIED
    assert hosted.places["staging"].seen == [ONE], "it had the traffic while it ran"
    assert hosted.places["staging"].running == {}
    assert hosted.snapshot().attempt("staging").state is State.VERIFIED


def test_again_it_starts_nothing(hosted: Hosted, rehearsed: Outcome) -> None:
    deploy(hosted, "staging", budget=60)
    assert hosted.places["staging"].seen == [ONE]


def test_it_counts_for_no_place_that_stays_up(origin: Origin, rehearsed: Outcome) -> None:
    world = World(origin.path, lambda _: None)
    assert origin.snapshot().attempt("staging").state is State.MERGED
    assert status(world).environments[0].state == "verified in rehearsal"
    assert "leaves nothing up" in status(world).environments[0].url
    assert deploy(world, "staging", budget=60).step.state is State.VERIFIED
    assert world.places["staging"].shares == {ONE: 100}
    assert history(world, "staging").attempts[0].events == (
        "deployed", "verified", "deployed in rehearsal", "verified in rehearsal",
    )  # fmt: skip


def test_a_champion_that_was_only_rehearsed_is_the_champion(
    origin: Origin, hosted: Hosted, rehearsed: Outcome
) -> None:
    origin.want("production", ONE)
    deploy(hosted, "production", budget=60)
    assert hosted.snapshot().champion().release == ONE
    assert origin.snapshot().champion().release == ONE


def test_a_rollback_moves_no_traffic_and_says_so_in_git(
    origin: Origin, hosted: Hosted, rehearsed: Outcome
) -> None:
    result = rollback(hosted, "staging", reason="complaints", dry_run=False)
    assert result.seconds == 0.0
    assert hosted.snapshot().history("staging").attempts[1].state is State.REVOKED
    assert hosted.places["staging"].running == {}


def test_nothing_is_live_to_verify(hosted: Hosted, rehearsed: Outcome) -> None:
    with pytest.raises(HeldError, match="nothing is live"):
        verify(hosted, "staging", dry_run=False)


def test_status_names_a_rehearsal_that_is_not_over(origin: Origin, hosted: Hosted) -> None:
    origin.want("staging", ONE)
    row = status(hosted).environments[0]
    assert row.problem == f"{ONE} is merged in rehearsal"
    assert replace(row, problem="", cure="").state == "merged in rehearsal"


def test_status_names_a_file_that_cannot_be_read(origin: Origin, hosted: Hosted) -> None:
    origin.push({desired_path("staging"): "nonsense"})
    row = status(hosted).environments[0]
    assert "malformed" in row.problem
    assert row.cure == "gh workflow run rollback.yml -f environment=staging"


def test_a_rollback_to_what_ran_for_real_is_rehearsed(origin: Origin, hosted: Hosted) -> None:
    two = "r-222222222222"
    attempt = origin.promote("staging", ONE)
    origin.happened("staging", attempt, "verified", ONE)
    attempt = origin.want("staging", two, ONE)
    origin.happened("staging", attempt, "verified", two)
    origin.want("staging", ONE, of=two)
    assert deploy(hosted, "staging", budget=60).step.state is State.VERIFIED


def test_an_environment_of_a_cluster_is_rehearsed_on_this_machine(tmp_path: Path) -> None:
    text = (
        "environments: { staging: { target: { kind: kubernetes, namespace: x, url: http://x } } }"
    )
    environment = parse_settings(text).environment("staging")
    first, second = (rehearsal_target(environment, tmp_path) for _ in range(2))
    assert first.router.url == second.router.url
    assert first.router.url.startswith("http://127.0.0.1:2")
    assert not first.capabilities.lasting


def test_an_environment_without_a_service_is_rehearsed_without_one(tmp_path: Path) -> None:
    policy = parse_settings("environments: {nightly: {target: {kind: batch, sample: recent/}}}")
    target = rehearsal_target(policy.environment("nightly"), tmp_path)
    assert target.router.url == ""
    assert target.capabilities == Capabilities(lasting=False)
