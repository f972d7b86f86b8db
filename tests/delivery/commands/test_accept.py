"""What a rollout left inconclusive runs only if a person takes the risk, by name."""

from __future__ import annotations

import pytest

from delivery.commands.accept import accept
from delivery.commands.deploy import deploy
from delivery.commands.freeze import freeze
from delivery.deployment import active
from delivery.errors import HeldError, InputError
from delivery.events.event import State
from delivery.settings.host import GitHub, Surroundings
from tests.delivery.deployment.production import ENV, ONE, TWO, state
from tests.delivery.deployment.rolling import judged_by, merged
from tests.delivery.place import World, judgement
from tests.origin import Origin

GITHUB = GitHub("acme/model", "https://github.com", "https://api.github.com", "", is_app=False)


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    """The canary of TWO ended without a decision; ONE has the traffic."""
    judged_by(monkeypatch).says = ["hold"]
    made = World(origin.path, lambda _: None)
    merged(origin, made)
    assert deploy(made, ENV, budget=60).step.state is State.INCONCLUSIVE
    assert made.places[ENV].shares == {ONE: 100}
    return made


def test_accepted_it_is_verified_and_the_next_deployment_gives_it_the_traffic(
    world: World,
) -> None:
    result = accept(world, ENV, reason="a holiday, there is no traffic")
    assert result.release == TWO
    assert result.missed == world.snapshot().attempt(ENV).steps[-1].evidence["accepted"]
    assert result.missed
    assert world.places[ENV].shares == {ONE: 100}, "an acceptance moves nothing by itself"
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert world.places[ENV].shares == {TWO: 100}


def test_who_accepted_what_and_why_is_written_down(world: World) -> None:
    by = accept(world, ENV, reason="a holiday").by
    last = world.snapshot().attempt(ENV).events[-1]
    assert last.evidence["why"] == f"{by} accepted it: a holiday"
    assert last.evidence["verdicts"]
    assert last.by


def test_nobody_accepts_twice_or_what_is_decided(world: World) -> None:
    accept(world, ENV, reason="a holiday")
    with pytest.raises(HeldError, match=f"{TWO} is verified in {ENV}"):
        accept(world, ENV, reason="again")


def test_missing_evidence_before_any_traffic_is_not_accepted(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Active gates have overrides, which the policy can forbid."""
    monkeypatch.setattr(active, "judge_live", judgement("hold"))
    made = World(origin.path, lambda _: None)
    origin.promote(ENV, ONE)
    assert deploy(made, ENV, budget=60).step.state is State.INCONCLUSIVE
    with pytest.raises(HeldError, match="what a rollout left inconclusive"):
        accept(made, ENV, reason="hurry")
    assert state(made) is State.INCONCLUSIVE


def test_a_job_is_no_person(world: World) -> None:
    _ = world.repository, world.forge  # made while origin is not on GitHub
    vars(world)["surroundings"] = Surroundings({"GITHUB_ACTIONS": "true"}, GITHUB)
    with pytest.raises(InputError, match="a job cannot take the risk"):
        accept(world, ENV, reason="green is green")


def test_a_freeze_stops_it_as_well(world: World) -> None:
    freeze(world, ENV, reason="an audit")
    with pytest.raises(HeldError, match="an audit"):
        accept(world, ENV, reason="a holiday")
    assert state(world) is State.INCONCLUSIVE


def test_it_needs_a_reason(world: World) -> None:
    with pytest.raises(InputError, match="--reason"):
        accept(world, ENV, reason=" ")
