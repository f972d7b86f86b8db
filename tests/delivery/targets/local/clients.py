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
    leader = target.runtime.files.server(release).process.leader()
    assert leader is not None
    leader.kill()
    eventually(lambda: not target.runtime.instances()[release].alive)


def kill_router(target: Target) -> None:
    leader = target.router.process.leader()
    assert leader is not None
    leader.kill()
    eventually(lambda: not target.router.healthy())
