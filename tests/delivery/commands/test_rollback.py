"""The traffic goes back at once; a dry run says where to, and a rollback stays one."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback, rollback_offline
from delivery.deployment.reconcile import Deployment
from delivery.errors import DeliveryError, HeldError, InputError
from delivery.events.event import State
from delivery.state.event_writer import EventWriter
from delivery.targets.protocol import Capabilities
from tests.delivery.commands.live import ENV, ONE, TWO, two_releases
from tests.delivery.deploying import deploying, production
from tests.delivery.machine import Machine
from tests.delivery.place import World
from tests.delivery.targets.local.clients import who
from tests.origin import Origin


@pytest.fixture
def world(origin: Origin) -> World:
    return two_releases(origin)


def test_a_dry_run_names_both_releases_and_moves_nothing(world: World) -> None:
    result = rollback(world, ENV, reason="", dry_run=True)
    assert (result.left, result.release, result.pull) == (TWO, ONE, None)
    assert world.places[ENV].shares == {TWO: 100}
    assert world.snapshot().attempt(ENV).state is State.VERIFIED


def test_the_previous_release_has_the_traffic_and_a_pull_request_follows(world: World) -> None:
    result = rollback(world, ENV, reason="complaints", dry_run=False)
    assert world.places[ENV].shares == {ONE: 100}
    assert result.pull is not None
    assert rollback(world, ENV, reason="again", dry_run=False).already


def test_where_nothing_runs_there_is_nothing_to_roll_back(origin: Origin) -> None:
    with pytest.raises(InputError, match="nothing to roll back"):
        rollback(World(origin.path, lambda _: None), ENV, reason="", dry_run=True)


def test_a_plan_to_close_the_route_closes_nothing(world: World) -> None:
    result = rollback(world, ENV, reason="it leaks", dry_run=True, close=True)
    assert (result.left, result.release, result.closes) == (TWO, "none", True)
    assert world.places[ENV].shares == {TWO: 100}


def test_without_origin_a_reason_is_needed(world: World) -> None:
    with pytest.raises(InputError, match="--offline needs a reason"):
        rollback_offline(world, ENV, reason=" ", dry_run=True)


def test_a_dry_run_without_origin_moves_nothing(world: World) -> None:
    result = rollback_offline(world, ENV, reason="it is slow", dry_run=True)
    assert (result.left, result.release) == (TWO, ONE)
    assert world.places[ENV].shares == {TWO: 100}
    assert world.places[ENV].entry is None


def test_where_jobs_rehearse_there_is_no_traffic_to_move(world: World) -> None:
    world.places[ENV].capabilities = Capabilities(lasting=False)
    with pytest.raises(InputError, match="rehearse"):
        rollback_offline(world, ENV, reason="it is slow", dry_run=False)


@pytest.fixture
def real(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with production(origin, monkeypatch) as made:
        yield made


@pytest.mark.parametrize("act", [rollback, rollback_offline])
def test_a_deployment_that_was_stopped_goes_on_and_moves_nothing(
    real: Machine, origin: Origin, act: object
) -> None:
    """As when the lid of a laptop is closed, after the gates and before the traffic."""
    with deploying(origin) as deployment:
        deployment.process.send_signal(signal.SIGSTOP)
        act(real, ENV, reason="complaints", dry_run=False)  # type: ignore[operator]
        assert who(real.place(ENV)) == ONE
        deployment.process.send_signal(signal.SIGCONT)
        code, said = deployment.go_on()
    assert code == HeldError.exit_code
    assert f"a rollback of {ENV} took over from this command" in said
    assert who(real.place(ENV)) == ONE
    deploy(real, ENV, budget=60)
    assert who(real.place(ENV)) == ONE
    assert real.snapshot().desired(ENV).rollback_of == TWO


def test_a_tick_between_the_traffic_and_the_event_moves_nothing_back(
    real: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(real, ENV, budget=60)
    assert who(real.place(ENV)) == TWO
    write, answers = EventWriter.write, []

    def write_late(*arguments: object) -> bool:
        with pytest.raises(DeliveryError):
            Deployment(real, ENV).tick()
        answers.append(who(real.place(ENV)))
        return write(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(EventWriter, "write", write_late)
        rollback(real, ENV, reason="complaints", dry_run=False)
    assert answers == [ONE]
    assert who(real.place(ENV)) == ONE
