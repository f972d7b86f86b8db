"""What a person writes into desired.yaml by hand does not start."""

from __future__ import annotations

import pytest

from delivery.commands.deploy import deploy
from delivery.deployment import active
from delivery.deployment.reconcile import Deployment
from delivery.errors import InputError
from delivery.events.event import State
from delivery.state.desired import Desired, ReleaseRef, desired_path, evidence_path, render_desired
from delivery.state.record import record_path, render_record
from tests.delivery.place import World, judgement
from tests.origin import Origin, record, version

ONE, TWO = "r-111111111111", "r-222222222222"


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    return World(origin.path, lambda _: None)


def rejected(world: World, environment: str = "production") -> str:
    """Deploy, see it rejected before anything started; returns why."""
    result = deploy(world, environment, budget=60)
    assert result.step.state is State.REJECTED
    assert world.places[environment].running == {}
    attempt = world.snapshot().history(environment).attempts[0]
    if not attempt.events:  # its rollback was merged already
        attempt = world.snapshot().history(environment).attempts[1]
    why: str = attempt.events[-1].evidence["why"]
    return why


def test_a_release_that_staging_never_verified_is_rejected(origin: Origin, world: World) -> None:
    origin.want("production", ONE)
    assert "not verified in staging" in rejected(world)


def test_one_that_staging_rejected_is_rejected(origin: Origin, world: World) -> None:
    attempt = origin.want("staging", ONE)
    origin.happened("staging", attempt, "rejected", ONE)
    origin.want("production", ONE)
    assert "not verified in staging" in rejected(world)


def test_a_rollback_to_what_never_ran_here_is_rejected(origin: Origin, world: World) -> None:
    origin.promote("staging", ONE)
    origin.want("production", ONE, of=TWO)
    assert "never verified in production" in rejected(world)


def test_a_bento_that_is_not_the_recorded_one_is_rejected(origin: Origin, world: World) -> None:
    origin.promote("staging", ONE)
    other = ReleaseRef(ONE, version(ONE).bento_sha256[:12] + "f" * 52)
    origin.push({desired_path("staging"): render_desired(Desired(wanted=other))})
    assert "its record" in rejected(world, "staging")


@pytest.mark.parametrize("file", [desired_path("staging"), evidence_path("staging")])
def test_what_somebody_edited_after_it_was_proposed_is_rejected(
    origin: Origin, world: World, file: str
) -> None:
    desired = render_desired(Desired(wanted=version(ONE)))
    evidence = origin.evidence("staging", version(ONE), render_record(record(ONE)))
    files = {desired_path("staging"): desired, evidence_path("staging"): evidence}
    origin.propose("staging", *files.values())
    record_of_one = {record_path(ONE): render_record(record(ONE))}
    origin.push(record_of_one | files | {file: files[file] + "# by hand\n"})
    assert "wrote it by hand" in rejected(world, "staging")


def test_a_release_without_a_record_is_named(origin: Origin, world: World) -> None:
    wanted = render_desired(Desired(wanted=version(ONE)))
    origin.push({desired_path("staging"): wanted})
    with pytest.raises(InputError, match=f"no release {ONE}"):
        deploy(world, "staging", budget=60)


@pytest.mark.parametrize(("reason", "returns"), [("", False), ("mended", True)])
def test_what_failed_here_needs_a_reason_to_return(
    origin: Origin, world: World, reason: str, returns: bool
) -> None:
    attempt = origin.want("staging", ONE)
    origin.happened("staging", attempt, "rejected", ONE)
    origin.want("staging", "")
    again = render_desired(Desired(wanted=version(ONE)))
    evidence = origin.evidence("staging", version(ONE), render_record(record(ONE)), reason=reason)
    origin.propose("staging", again, evidence)
    origin.push({desired_path("staging"): again, evidence_path("staging"): evidence})
    if not returns:
        assert "nobody said why" in rejected(world, "staging")
        return
    assert Deployment(world, "staging").tick().transition == "deployed"


def test_a_rollback_that_is_rejected_is_not_rolled_back(origin: Origin, world: World) -> None:
    origin.promote("staging", ONE)
    attempt = origin.want("production", ONE, of=TWO)
    result = deploy(world, "production", budget=60)
    assert result.step.state is State.REJECTED
    assert result.rollback is None
    assert world.snapshot().attempt("production").commit == attempt
