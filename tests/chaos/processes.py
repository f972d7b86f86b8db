"""Processes that are killed or stopped while clients ask. `delivery up` brings them back."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from random import Random

import psutil

from tests.chaos.world import World


def kill_worker(world: World, chance: Random) -> None:
    for worker in world.members(world.verified())[1]:
        worker.kill()


def kill_leader(world: World, chance: Random) -> None:
    world.members(world.verified())[0].kill()


def kill_router(world: World, chance: Random) -> None:
    _router(world).kill()


def kill_supervisor(world: World, chance: Random) -> None:
    """And the leader of a release while nobody looks."""
    assert world.supervisor is not None
    world.supervisor.kill()
    world.supervisor.wait()
    world.members(world.verified())[0].kill()
    time.sleep(chance.uniform(0.0, 1.0))
    world.supervise()


def power_off(world: World, chance: Random) -> None:
    """Every process ends at once; then systemd starts the supervisor."""
    for process in world.processes():
        with suppress(psutil.Error):
            process.kill()
    assert world.supervisor is not None
    world.supervisor.wait()
    world.supervise()


def stop_worker(world: World, chance: Random) -> None:
    for worker in world.members(world.verified())[1]:
        worker.suspend()


def stop_leader(world: World, chance: Random) -> None:
    world.members(world.verified())[0].suspend()


def stop_router(world: World, chance: Random) -> None:
    _router(world).suspend()


def stop_supervisor(world: World, chance: Random) -> None:
    """While it restarts a release."""
    assert world.supervisor is not None
    world.members(world.verified())[0].kill()
    time.sleep(chance.uniform(0.0, 3.0))
    world.supervisor.send_signal(signal.SIGSTOP)
    time.sleep(chance.uniform(0.5, 2.0))
    world.supervisor.send_signal(signal.SIGCONT)


def _router(world: World) -> psutil.Process:
    leader = world.target.router.process.leader()
    assert leader is not None, "the router does not run"
    return leader
