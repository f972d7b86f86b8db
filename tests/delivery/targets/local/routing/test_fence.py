"""Who took the lock last writes; a writer that slept does not."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError, TargetError
from delivery.targets.local.target import local_target
from delivery.targets.orders import Hold, JournalEntry
from delivery.targets.protocol import Target, Writer
from tests.delivery.place import environment
from tests.delivery.running import running
from tests.delivery.targets.local.clients import who

NOW = "2026-11-27T09:00:00+00:00"
HOLD = Hold("staging", "ann", "an incident", NOW)
ENTRY = JournalEntry("staging", "a" * 40, "r-new", "r-old", "ann", "it is slow", NOW)


@pytest.fixture
def target(make: Callable[..., Target], bento: Path) -> Target:
    """r-old has the traffic, r-new is ready."""
    made = make()
    for release in ("r-old", "r-new"):
        made.runtime.start(Bento(release, bento))
    made.router.set_weights({"r-old": 100})
    return made


def again(target: Target) -> Target:
    """The same place, as another command sees it."""
    workspace = target.runtime.folder.parents[1]
    return local_target(environment("staging", target.router.port), workspace)


WRITES: tuple[Callable[[Target, Path], object], ...] = (
    lambda target, _: target.router.set_weights({"r-new": 100}),
    lambda target, _: target.router.set_weights({}),
    lambda target, _: target.router.refresh(),
    lambda target, _: target.router.stop(),
    lambda target, bento: target.runtime.start(Bento("r-new", bento)),
    lambda target, bento: target.runtime.start(Bento("r-other", bento)),
    lambda target, _: target.runtime.retire({"r-old"}),
    lambda target, _: target.runtime.stop(),
)


def require_no_write(target: Target, bento: Path, why: str) -> None:
    before = len(running(target.runtime.folder))
    for write in WRITES:
        with pytest.raises(HeldError, match=why):
            write(target, bento)
    assert who(target) == "r-old"
    assert len(running(target.runtime.folder)) == before


def test_whoever_lost_the_lock_to_a_rollback_changes_nothing(target: Target, bento: Path) -> None:
    person = again(target)
    with target.runtime.lock():
        with person.runtime.lock(Writer.ROLLBACK):
            require_no_write(target, bento, "a rollback of staging took over")
            person.router.set_weights({"r-new": 100})
            person.router.set_weights({"r-old": 100})
            with pytest.raises(HeldError, match="being changed"), again(target).runtime.lock():
                pass  # it is a lock like any other
        require_no_write(target, bento, "a rollback of staging took over")
    with target.runtime.lock():
        target.router.set_weights({"r-new": 100})


def test_the_last_of_two_rollbacks_wins(target: Target, bento: Path) -> None:
    other = again(target)
    with target.runtime.lock(Writer.ROLLBACK), other.runtime.lock(Writer.ROLLBACK):
        require_no_write(target, bento, "took over")
        other.runtime.require_turn()


def test_orders_stop_a_deployment_that_has_the_lock(target: Target, bento: Path) -> None:
    with target.runtime.lock():
        target.orders.write_journal(ENTRY)
        require_no_write(target, bento, "it is slow.*`delivery deploy staging`")
        target.orders.write_hold(HOLD)
        require_no_write(target, bento, "an incident.*--lift")


def test_a_deployment_does_not_begin_against_an_order(target: Target) -> None:
    target.orders.write_hold(HOLD)
    for writer in (Writer.DEPLOYMENT, Writer.ROLLBACK, Writer.REPLAY):
        with pytest.raises(HeldError, match="an incident"), target.runtime.lock(writer):
            pass
    target.orders.lift_hold()
    target.orders.write_journal(ENTRY)
    with pytest.raises(HeldError, match="it is slow"), target.runtime.lock():
        pass
    for writer in (Writer.ROLLBACK, Writer.REPLAY):
        with target.runtime.lock(writer):
            target.router.set_weights({"r-old": 100})


def test_a_supervisor_restores_whatever_was_ordered(target: Target) -> None:
    target.orders.write_hold(HOLD)
    target.orders.write_journal(ENTRY)
    with target.runtime.lock(Writer.SUPERVISOR):
        target.router.refresh()
    assert who(target) == "r-old"


def test_a_route_that_was_overtaken_while_it_came_into_force_is_no_fault_of_the_router(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = again(target)

    def obey(*_: object) -> None:
        with person.runtime.lock(Writer.ROLLBACK):
            raise TargetError("it answers something else")

    with target.runtime.lock():
        monkeypatch.setattr("delivery.targets.local.routing.traefik.Traefik.obey", obey)
        with pytest.raises(HeldError, match="took over"):
            target.router.set_weights({"r-new": 100})
    monkeypatch.undo()
    target.router.set_weights({"r-old": 100})


WRITER = """
import sys, threading
from pathlib import Path
from delivery.targets.local.target import local_target
from tests.delivery.place import environment

target = local_target(environment("staging", int(sys.argv[2])), Path(sys.argv[1]))
with target.runtime.lock(), target.runtime.fence.write():
    print("writing", flush=True)
    threading.Event().wait(60)
"""


def test_one_that_sleeps_in_the_middle_of_a_write_is_named(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.targets.local.routing.fence.STUCK", 0.2)
    workspace = target.runtime.folder.parents[1]
    command = [sys.executable, "-c", WRITER, str(workspace), str(target.router.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "writing\n"
            writer.send_signal(signal.SIGSTOP)
            advice = f"process {writer.pid} is in the middle.*`kill -9 {writer.pid}`"
            with pytest.raises(HeldError, match=advice), target.runtime.lock(Writer.ROLLBACK):
                pass
        finally:
            writer.kill()
        writer.wait()
    with target.runtime.lock(Writer.ROLLBACK):
        target.router.set_weights({"r-new": 100})
