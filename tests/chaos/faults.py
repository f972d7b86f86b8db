"""What is done to a world. A new kind of fault is a function and a line in FAULTS."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import psutil

from delivery.state.events import Event
from delivery.state.refs import LogName
from tests.chaos.ledger import Change, ledger
from tests.chaos.world import ENV, World

# Exit codes of a command: it met what nobody foresaw; it says that somebody else is at work.
BUG, HELD = 1, 4
PATIENCE = 60.0  # s
STATE = ("instance.json", "server.json", "route.yml", "router.json", "settled.json")


@dataclass(frozen=True)
class Fault:
    """`play` does it and brings the place back as the docs say, where nothing does so by itself.
    `outage`: it takes the only process that answers, so requests may be lost for a while."""

    name: str
    play: Callable[[World, Random], None]
    outage: bool = False


# Commands that are killed.


def kill_proposal(world: World, chance: Random) -> None:
    before, release = ledger(world), world.next_release()
    _killed(world, chance, "propose", ENV, release.id)
    _expect(world, before, Change(pulls=("open",), branches=1, proposals=1))
    _done(world, "pr", "merge", str(max(ledger(world).pulls)))
    _done(world, "deploy", ENV)


def kill_merge(world: World, chance: Random) -> None:
    world.run("propose", ENV, world.next_release().id)
    before = ledger(world)
    number = max(before.pulls)
    _killed(world, chance, "pr", "merge", str(number))
    _expect(world, before, Change(pulls=("merged",), branches=-1, merges=1))
    _done(world, "deploy", ENV)


def kill_deploy(world: World, chance: Random) -> None:
    world.merge_next()
    before = ledger(world)
    _killed(world, chance, "deploy", ENV)
    _expect(world, before, Change(events=("deployed", "verified")))


def kill_rollback(world: World, chance: Random) -> None:
    world.promote_next()
    before = ledger(world)
    _killed(world, chance, "rollback", ENV, "--reason", "chaos")
    events = ("revoked-1", "deployed", "verified")  # it deploys what it merged
    _expect(world, before, Change(events, pulls=("merged",), proposals=1, merges=1))


def kill_attest(world: World, chance: Random) -> None:
    """Somebody who can push, and whom nobody listed, wrote an event."""
    stranger = replace(world.origin, environ={"XDG_DATA_HOME": str(world.folder / "stranger")})
    attempt = world.origin.attempt(ENV)
    forged = Event(ENV, attempt, "revoked-1", world.next_release().id, "local", {})
    assert stranger.events.write(
        forged, world.origin.snapshot().ledger.kinds(LogName(ENV), attempt)
    )
    (entry,) = world.context.snapshot().ledger.doubts(ENV).unattested
    before = ledger(world)
    _killed(world, chance, "attest", ENV, "--reason", "chaos", "--disown", entry)
    _expect(world, before, Change())


# Processes that are killed or stopped.


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


# Files, disks and origin.


def empty_state(world: World, chance: Random) -> None:
    """One file of those of the release or the router that is live."""
    name = chance.choice(STATE)
    for file in (world.workspace / "targets" / ENV).rglob(name):
        file.write_text("")
    _done(world, "deploy", ENV)


def delete_state(world: World, chance: Random) -> None:
    """All but the bytes of releases and what runs them."""
    for entry in world.workspace.iterdir():
        if entry.name not in ("bentos", "envs"):
            _delete(entry)
    _done(world, "deploy", ENV)


def fill_disk(world: World, chance: Random) -> None:
    """Under git, state and logs, while somebody deploys."""
    world.merge_next()
    process = world.start("deploy", ENV)
    time.sleep(chance.uniform(0.0, world.usual("deploy")))
    with world.disk.full():
        assert process.wait() != BUG, "a command ended with a traceback"
        time.sleep(chance.uniform(0.0, 1.0))
    _done(world, "deploy", ENV)


def lose_origin(world: World, chance: Random) -> None:
    """A release dies meanwhile; what mends it needs no origin."""
    away = world.origin.bare.with_name("away.git")
    leader, _ = world.members(world.verified())
    world.origin.bare.rename(away)
    try:
        leader.kill()
        assert world.run("deploy", ENV) not in (0, BUG)
        time.sleep(chance.uniform(0.0, 3.0))
    finally:
        away.rename(world.origin.bare)
    _done(world, "deploy", ENV)


# How.


def _killed(world: World, chance: Random, *arguments: str) -> None:
    """SIGKILL at a random moment, and run again."""
    for _ in range(chance.choice((1, 1, 2))):
        process = world.start(*arguments)
        try:
            process.wait(timeout=chance.uniform(0.0, world.usual(arguments[0])))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    _done(world, *arguments)


def _done(world: World, *arguments: str) -> None:
    """Run to its end, again as long as somebody else is at work."""
    deadline = time.monotonic() + PATIENCE
    while (code := world.run(*arguments)) == HELD and time.monotonic() < deadline:
        time.sleep(1.0)
    assert code == 0, f"`delivery {' '.join(arguments)}` ended with {code}"


def _router(world: World) -> psutil.Process:
    leader = world.target.router.process.leader()
    assert leader is not None, "the router does not run"
    return leader


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _expect(world: World, before: object, change: Change) -> None:
    came = ledger(world).since(before)
    assert came == change, f"left {came}, and without a kill it is {change}"


FAULTS: Sequence[Fault] = (
    Fault("kill a proposal", kill_proposal),
    Fault("kill pr merge", kill_merge),
    Fault("kill deploy", kill_deploy),
    Fault("kill rollback", kill_rollback),
    Fault("kill attest", kill_attest),
    Fault("kill the worker", kill_worker, outage=True),
    Fault("kill the leader", kill_leader),
    Fault("kill the router", kill_router, outage=True),
    Fault("kill the supervisor", kill_supervisor),
    Fault("power off", power_off, outage=True),
    Fault("stop the worker", stop_worker, outage=True),
    Fault("stop the leader", stop_leader),
    Fault("stop the router", stop_router, outage=True),
    Fault("stop the supervisor", stop_supervisor),
    Fault("empty a state file", empty_state),
    Fault("delete the state", delete_state),
    Fault("fill the disk", fill_disk),
    Fault("lose origin", lose_origin),
)
