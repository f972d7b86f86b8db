"""A checkout: its files, its git, the store of its bytes, and where it keeps what can be lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from delivery.events.beliefs import Reader
from delivery.git.repository import Repository
from delivery.settings.host import Surroundings, surroundings
from delivery.state.event_writer import EventWriter
from delivery.state.snapshot import Snapshot
from delivery.trust.keys import Role, own_public_key

if TYPE_CHECKING:
    from delivery.github.api import GithubApi
    from delivery.storage.store import Store

WORKSPACE = ".delivery"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Checkout:
    """The checkout at `root`. `progress` gets a line about what long work is doing."""

    root: Path
    progress: Progress

    @cached_property
    def surroundings(self) -> Surroundings:
        return surroundings(os.environ, Repository(self.root).origin())

    @cached_property
    def repository(self) -> Repository:
        github = self.surroundings.github
        return Repository(self.root, github.credentials() if github else None)

    @cached_property
    def store(self) -> Store:
        from delivery.storage.github_releases import Bundles
        from delivery.storage.store import Store

        github = self.surroundings.github
        bundles = None
        if github and github.token:
            bundles = Bundles(self.api, github.slug, self.repository)
        return Store(self.root, self.workspace, bundles)

    @cached_property
    def api(self) -> GithubApi:
        """GitHub's API; InputError where origin is not there or there is no token for it."""
        from delivery.github.access import access

        return access(self.surroundings.github).api

    @property
    def workspace(self) -> Path:
        """Machine-local state. None of it is truth, but for what people ordered beside a route."""
        return self.surroundings.workspace or self.root / WORKSPACE

    def snapshot(self, *, fetch: bool = True) -> Snapshot:
        """Fetch, and read what main says now; without `fetch`, what it said when last seen."""
        surroundings = self.surroundings
        own = own_public_key(surroundings.environ, Role.EVENTS)
        reader = Reader(own, surroundings.is_hosted, self.workspace / "seen")
        return Snapshot(self.repository, reader, rehearses=surroundings.rehearses, fetch=fetch)

    @cached_property
    def events(self) -> EventWriter:
        """What writes events, as whoever works here."""
        return EventWriter(
            self.repository,
            self.surroundings.environ,
            self.surroundings.actor,
            lambda fetch: self.snapshot(fetch=fetch),
        )

    def bento(self, snapshot: Snapshot, release: str) -> Path:
        """The checked folder of a release on main."""
        record = snapshot.record(release)
        return self.store.bento(release, record.bento_sha256, snapshot.commit)
