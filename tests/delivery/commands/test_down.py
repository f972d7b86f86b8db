"""What runs on this machine is stopped, for one environment or for all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from delivery.commands.down import down
from delivery.errors import HeldError, InputError
from delivery.processes.marks import mark_of
from delivery.processes.process import Process
from tests.delivery.machine import Machine, machine
from tests.delivery.place import Place, World
from tests.delivery.running import running, started
from tests.origin import Origin


@pytest.fixture
def world(origin: Origin) -> World:
    running = {name: Place(name, running={"r-1": True}) for name in ("staging", "production")}
    return World(origin.path, lambda _: None, running)


@pytest.mark.parametrize(
    ("environment", "stopped"),
    [(None, ("staging", "production")), ("production", ("production",))],
)
def test_only_what_is_asked_for_is_stopped(
    world: World, environment: str | None, stopped: tuple[str, ...]
) -> None:
    assert down(world, environment).stopped == stopped
    still = [name for name, place in world.places.items() if place.running]
    assert still == [name for name in world.places if name not in stopped]


def test_an_environment_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(InputError, match="staging, production"):
        down(world, "prod")


@pytest.fixture
def real(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with machine(origin, monkeypatch) as made:
        yield made


def test_what_lost_its_files_is_named_and_ended(real: Machine) -> None:
    real.settle("staging", "r-1")
    real.settle("production", "r-2")
    shutil.rmtree(real.workspace)
    result = down(real, "staging")
    assert [orphan.partition(" (process ")[0] for orphan in result.orphans] == [
        "targets/staging/instances/r-1",
        "targets/staging/router",
    ]
    assert all("/production/" in mark for mark in marks(real))
    assert down(real, None).orphans[-1].startswith("targets/production/router (process ")
    assert marks(real) == []


def test_what_no_environment_has_any_more_is_ended_with_all(real: Machine) -> None:
    with started(Process(real.workspace / "targets" / "renamed" / "router" / "router.json")):
        down(real, "staging")
        assert len(marks(real)) == 1
        down(real, None)
        assert marks(real) == []


def test_a_deployment_at_work_is_named(world: World) -> None:
    world.places["staging"].held = 1
    with pytest.raises(HeldError, match="somebody else deploys"):
        down(world, "staging")
    assert world.places["staging"].running


def marks(world: World) -> list[str]:
    return [mark_of(process) for process in running(world.workspace)]
