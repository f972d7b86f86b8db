"""A hold stops what runs at that moment and what comes later, until somebody lifts it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.down import down
from delivery.commands.hold import hold, lift
from delivery.commands.rollback import rollback, rollback_offline
from delivery.commands.status import status
from delivery.commands.up import up
from delivery.errors import HeldError, InputError
from delivery.events.event import State
from delivery.targets.protocol import Capabilities
from tests.delivery.commands.live import two_releases
from tests.delivery.deploying import ENV, ONE, TWO, deploying, production
from tests.delivery.machine import Machine
from tests.delivery.place import World
from tests.delivery.targets.local.clients import kill_router, who
from tests.origin import Origin


@pytest.fixture
def real(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with production(origin, monkeypatch) as made:
        yield made


@pytest.fixture
def world(origin: Origin) -> World:
    return two_releases(origin)


def test_a_deployment_at_work_stops_before_its_next_write(real: Machine, origin: Origin) -> None:
    with deploying(origin) as deployment:
        hold(real, ENV, reason="an incident")
        code, said = deployment.go_on()
    assert code == HeldError.exit_code
    assert "is held by" in said
    assert "an incident" in said
    assert who(real.place(ENV)) == ONE
    assert real.snapshot().attempt(ENV).state is State.ANALYSING


def test_what_died_is_restored_meanwhile_and_nothing_else_happens(real: Machine) -> None:
    hold(real, ENV, reason="an incident")
    kill_router(real.place(ENV))
    with pytest.raises(HeldError, match=r"an incident.*--lift"):
        deploy(real, ENV, budget=60)
    assert up(real, once=True).environments[ENV].restarts == 1
    assert who(real.place(ENV)) == ONE
    assert set(real.place(ENV).runtime.instances()) == {ONE}


def test_once_it_is_lifted_the_deployment_goes_on(real: Machine) -> None:
    hold(real, ENV, reason="an incident")
    assert lift(real, ENV).hold
    deploy(real, ENV, budget=60)
    assert who(real.place(ENV)) == TWO


@pytest.mark.parametrize("act", [rollback, rollback_offline, down])
def test_other_commands_refuse_and_name_the_way_out(world: World, act: object) -> None:
    hold(world, ENV, reason="an incident")
    options = {} if act is down else {"reason": "complaints", "dry_run": False}
    with pytest.raises(HeldError, match=f"an incident.*`delivery hold {ENV} --lift`"):
        act(world, ENV, **options)  # type: ignore[operator]
    assert world.places[ENV].shares == {TWO: 100}
    assert world.places[ENV].entry is None
    assert world.snapshot().attempt(ENV).state is State.VERIFIED


def test_status_shouts(world: World) -> None:
    hold(world, ENV, reason="an incident")
    row = status(world).environments[1]
    assert row.problem.startswith(f"HELD: {ENV} is held by")
    assert "an incident" in row.problem
    assert row.cure == f"delivery hold {ENV} --lift"


def test_the_first_who_holds_is_named(world: World) -> None:
    first = hold(world, ENV, reason="an incident").hold
    assert hold(world, ENV, reason="another").hold == first
    assert lift(world, ENV).hold == first
    assert lift(world, ENV).hold is None


def test_neither_origin_nor_the_lock_is_needed(world: World, origin: Origin) -> None:
    shutil.rmtree(origin.bare)
    with world.places[ENV].lock():
        hold(world, ENV, reason="an incident")
        with pytest.raises(HeldError, match="an incident"):
            world.places[ENV].set_weights({ONE: 100})


def test_a_hold_needs_a_reason(world: World) -> None:
    with pytest.raises(InputError, match="--reason"):
        hold(world, ENV, reason=" ")


def test_where_jobs_rehearse_there_is_nothing_to_hold(world: World) -> None:
    world.places[ENV].capabilities = Capabilities(lasting=False)
    with pytest.raises(InputError, match="rehearse"):
        hold(world, ENV, reason="an incident")
