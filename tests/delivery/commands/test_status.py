"""What main wants beside what runs, and the command that mends a difference."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest

from delivery.commands.status import EnvironmentStatus, status
from delivery.deployment.reconcile import Deployment
from delivery.state.desired import desired_path
from delivery.targets.protocol import Target
from tests.delivery.deployment.production import ENV
from tests.delivery.deployment.rolling import judged_by, merged
from tests.delivery.machine import Machine, machine
from tests.delivery.place import Place, World
from tests.delivery.targets.local.clients import freeze, freeze_router, kill, kill_router
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"


def staging(origin: Origin, **place: object) -> EnvironmentStatus:
    places = {"staging": Place("staging", **place)}  # type: ignore[arg-type]
    return status(World(origin.path, lambda _: None, places)).environments[0]


def verified(origin: Origin) -> None:
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)


def test_nothing_wanted_and_nothing_running_is_in_order(origin: Origin) -> None:
    row = staging(origin)
    assert (row.state, row.route, row.problem, row.cure) == ("idle", "closed", "", "")


def test_what_is_verified_and_has_all_traffic_is_in_order(origin: Origin) -> None:
    verified(origin)
    row = staging(origin, running={ONE: True}, shares={ONE: 100})
    assert (row.wanted, row.route, row.problem) == (ONE, f"{ONE} 100%", "")


@pytest.mark.parametrize(
    ("running", "shares", "problem"),
    [
        ({ONE: False}, {ONE: 100}, f"{ONE} is not running"),
        ({ONE: True, TWO: True}, {TWO: 100}, f"the route is not at {ONE}"),
        ({}, {}, f"the route is not at {ONE}"),
    ],
)
def test_a_difference_has_its_cure(
    origin: Origin, running: dict[str, bool], shares: dict[str, int], problem: str
) -> None:
    verified(origin)
    row = staging(origin, running=running, shares=shares)
    assert problem in row.problem
    assert row.cure == "delivery deploy staging"


@pytest.fixture
def real(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """ONE is verified in staging, and really runs there."""
    monkeypatch.setattr("delivery.targets.local.instances.ASK", 1.0)
    monkeypatch.setattr("delivery.targets.local.routing.probe.ASK", 1.0)
    with machine(origin, monkeypatch) as made:
        verified(origin)
        made.settle("staging", ONE)
        yield made


def test_what_really_runs_as_it_should_is_in_order(real: Machine) -> None:
    row = status(real).environments[0]
    assert (row.problem, row.cure, row.supervision) == ("", "", "not supervised")


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda target: freeze(target, ONE), f"{ONE} does not say within 1 s that it is ready"),
        (freeze_router, "the router does not answer within 1 s"),
        (kill_router, "the router is not running"),
        (lambda target: kill(target, ONE), f"{ONE} has lost its leading process"),
    ],
)
def test_what_died_or_hangs_is_named(
    real: Machine, harm: Callable[[Target], None], problem: str
) -> None:
    harm(real.place("staging"))
    row = status(real).environments[0]
    assert problem in row.problem
    assert row.cure == "delivery deploy staging"


@pytest.mark.parametrize("content", ["", '{"url": "htt', "[]", "\0"])
@pytest.mark.parametrize("name", ["instance.json", "server.json", "route.yml", "router.json"])
def test_a_damaged_file_is_named_and_what_answers_is_shown(
    real: Machine, name: str, content: str
) -> None:
    (file,) = real.place("staging").runtime.folder.rglob(name)
    file.write_text(content)
    row = status(real).environments[0]
    assert f"has lost its file {name}" in row.problem
    assert row.route == f"{ONE} 100%"


def test_what_lost_its_folder_is_named(real: Machine) -> None:
    shutil.rmtree(real.workspace)
    row = status(real).environments[0]
    assert f"{ONE} has lost its file server.json and still answers" in row.problem
    assert "the router has lost its file route.yml" in row.problem
    assert not real.workspace.exists(), "who only looks writes nothing"


def test_a_route_to_what_nobody_wants_is_a_difference(origin: Origin) -> None:
    row = staging(origin, running={ONE: True}, shares={ONE: 100})
    assert row.problem == f"the route is open to {ONE}"


def test_what_was_merged_waits_for_its_deployment(origin: Origin) -> None:
    origin.want("staging", ONE)
    assert staging(origin).problem == f"{ONE} is merged"


def test_a_file_that_cannot_be_read_is_a_difference_with_its_cure(origin: Origin) -> None:
    verified(origin)
    origin.push({desired_path("staging"): "nonsense"})
    row = staging(origin, running={ONE: True}, shares={ONE: 100})
    assert "malformed" in row.problem
    assert (row.route, row.previous, row.cure) == (
        f"{ONE} 100%", ONE, "delivery rollback staging",
    )  # fmt: skip


def test_a_rollout_that_is_watched_is_in_order(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_by(monkeypatch).says = ["wait"]
    world = World(origin.path, lambda _: None)
    merged(origin, world)
    with Deployment(world, ENV) as deployment:
        for _ in range(3):
            deployment.tick()
        row = status(world).environments[1]
        assert (row.state, row.problem, row.route) == ("rolling out", "", f"{ONE} 95%, {TWO} 5%")
        assert "step 1 of 3" in str(row.rollout)
    row = status(world).environments[1]
    assert row.problem == f"nobody watches the rollout, so no client meets {TWO}"
    assert row.cure == "delivery deploy production"
