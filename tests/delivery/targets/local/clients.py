"""What a client of a target meets, and what may end under it."""

from __future__ import annotations

from pathlib import Path

import psutil

from delivery.bento.readiness import local_client
from delivery.targets.protocol import Target
from tests.delivery.running import eventually


def who(target: Target) -> str:
    """The release that answers a client; the status code where none does."""
    with local_client() as client:
        answer = client.get(f"{target.router.url}/release")
    return answer.json()["release"] if answer.status_code == 200 else str(answer.status_code)


def kill(target: Target, release: str) -> None:
    leader = target.runtime.files.current(release).server.process.leader()
    assert leader is not None
    leader.kill()
    eventually(lambda: target.runtime.instances()[release].problem)


def kill_router(target: Target) -> None:
    leader = target.router.process.leader()
    assert leader is not None
    leader.kill()
    eventually(target.router.problem)


def freeze(target: Target, release: str) -> None:
    """Stop the workers of a release as SIGSTOP does; its leader sees nothing of that."""
    for process in target.runtime.files.current(release).server.process.members():
        if process != target.runtime.files.current(release).server.process.leader():
            suspend(process)


def suspend(process: psutil.Process) -> None:
    """SIGSTOP, until every thread of it has stopped: one on another processor goes on for a
    moment, and may still answer."""
    process.suspend()
    eventually(lambda: all(_stopped(process.pid, thread.id) for thread in process.threads()))


def _stopped(pid: int, thread: int) -> bool:
    stat = Path(f"/proc/{pid}/task/{thread}/stat").read_text(encoding="utf-8")
    return stat.rpartition(")")[2].split()[0] == "T"


def freeze_router(target: Target) -> None:
    leader = target.router.process.leader()
    assert leader is not None
    suspend(leader)
