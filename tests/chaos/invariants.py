"""What holds once a world has settled, whatever was done to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from delivery.bento.readiness import local_client
from delivery.commands.history import history
from delivery.git.refs import LogName
from tests.chaos.world import ENV, World

# In TMPDIR: what BentoML leaves when it is killed, and the origin that tests copy.
OTHERS = ("bentoml-", ".ses", "origin-")


def served_is_verified(world: World) -> None:
    """And it is the one that git says."""
    with local_client() as client:
        served = client.get(f"{world.target.router.url}/release").json()["release"]
    assert served in world.ever_verified(), f"{served} answers, which was never verified"
    assert served == world.verified(), f"{served} answers, and {world.verified()} is verified"


def status_and_history_agree(world: World) -> None:
    here, newest = world.status(), history(world.context, ENV).attempts[0]
    assert (here.state, here.route) == ("verified", f"{newest.release} 100%"), here
    assert (here.wanted, newest.state) == (newest.release, "verified"), newest


def events_are_a_chain_that_is_believed(world: World) -> None:
    parents = world.origin.git("log", "--format=%P", f"origin/{LogName(ENV)}").splitlines()
    assert all(len(line.split()) <= 1 for line in parents), "an event has two parents"
    doubts = world.context.snapshot().ledger.doubts(ENV)
    assert not doubts, str(doubts)


def no_process_is_left_over(world: World) -> None:
    """Beside the router, its releases and the supervisor."""
    wanted = {world.verified(), world.context.snapshot().history(ENV).previous.release}
    slots = world.target.runtime.files.slots()
    assert {slot.release for slot in slots} <= wanted, [slot.folder.name for slot in slots]
    known = {process for slot in slots for process in slot.server.process.members()}
    known |= {*world.target.router.process.members(), *_family(world)}
    assert not (left := [str(it) for it in world.processes() if it not in known]), left


def no_temporary_folder_is_left_over(world: World) -> None:
    """Beside those of processes that live. What else is in them goes with the next command."""
    owners = {process.pid for process in _family(world)}
    left = [
        lock.name for lock in (world.workspace / "tmp").glob("*.lock") if _pid(lock) not in owners
    ]
    assert not left, left
    entries = (entry.name for entry in Path(os.environ["TMPDIR"]).iterdir())
    strays = [name for name in entries if not name.startswith(OTHERS)]
    assert not strays, strays


def _pid(lock: Path) -> int:
    return int(lock.name.partition("-")[0])


def _family(world: World) -> Iterator[psutil.Process]:
    """The supervisor and what it is calling."""
    assert world.supervisor is not None
    supervisor = psutil.Process(world.supervisor.pid)
    yield supervisor
    yield from supervisor.children(recursive=True)


INVARIANTS: tuple[Callable[[World], None], ...] = (
    served_is_verified,
    status_and_history_agree,
    events_are_a_chain_that_is_believed,
    no_process_is_left_over,
    no_temporary_folder_is_left_over,
)
