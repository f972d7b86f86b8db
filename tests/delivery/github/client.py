"""A GitHub over the origin, and a client whose waits take no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from delivery.github.api import GithubApi
from delivery.github.retry import Patience
from tests.github.hub import Hub
from tests.origin import Origin

WRITES = {"contents": "write", "pull-requests": "write"}


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def patience(self, tries: int = 6, seconds: float = 300.0) -> Patience:
        return Patience(tries, seconds, self.sleep, lambda: self.now, lambda: 0.0)


@pytest.fixture
def hub(origin: Origin) -> Iterator[Hub]:
    with Hub(origin.bare) as started:
        yield started


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def token(hub: Hub) -> str:
    """The GITHUB_TOKEN of a job with the permissions that `delivery` needs."""
    return hub.token(hub.bot, WRITES)


@pytest.fixture
def api(hub: Hub, clock: Clock, token: str) -> GithubApi:
    return GithubApi(hub.url, token, patience=clock.patience())


@pytest.fixture
def branch(origin: Origin) -> Callable[..., str]:
    """Push a branch with one commit on top of the first; its commit."""

    def push(name: str, path: str = "", to: str = "origin") -> str:
        text = {path or f"{name}.txt": f"{name}\n"}
        commit = origin.repository.commit_files(origin.git("rev-parse", "HEAD"), text, name)
        origin.git("push", "--quiet", "--force", to, f"{commit}:refs/heads/{name}")
        return commit

    return push
