"""What a client of a target meets, and what may end under it."""

from __future__ import annotations

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
            process.suspend()


def freeze_router(target: Target) -> None:
    leader = target.router.process.leader()
    assert leader is not None
    leader.suspend()
