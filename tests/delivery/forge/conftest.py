"""A GitHub over the origin, a client whose waits take no time, and the forge over both."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from delivery.forge.github import GithubForge
from delivery.github.api import GithubApi
from tests.delivery.github.client import Clock, api, branch, clock, hub, token
from tests.github.actors import Actor
from tests.github.hub import Hub

__all__ = ["api", "branch", "clock", "hub", "token"]


@pytest.fixture
def forge(api: GithubApi, hub: Hub) -> GithubForge:
    return GithubForge(api, hub.slug, merges_itself=False)


@pytest.fixture
def as_(hub: Hub, clock: Clock) -> Callable[..., GithubForge]:
    """The forge of somebody else's token."""

    def make(actor: Actor, permissions: dict[str, str] | None = None) -> GithubForge:
        token = hub.token(actor, permissions)
        api = GithubApi(hub.url, token, patience=clock.patience())
        return GithubForge(api, hub.slug, merges_itself=False)

    return make
