"""What every command works with: the checkout and the adapters its settings name."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from delivery.forge.github import GithubForge
from delivery.forge.local import LocalForge
from delivery.forge.protocol import Forge
from delivery.gates.verdict import Verdict
from delivery.git import Repository
from delivery.github.access import access
from delivery.github.api import GithubApi
from delivery.settings.host import Surroundings, surroundings
from delivery.settings.policy import Settings
from delivery.state.snapshot import Snapshot
from delivery.storage.github_releases import Bundles
from delivery.storage.store import Store
from delivery.targets.protocol import Target

WORKSPACE = ".delivery"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Context:
    """A checkout. `progress` is told, in a line, what long work is doing."""

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
        github = self.surroundings.github
        bundles = Bundles(self.api, github.slug) if github and github.token else None
        return Store(self.root, self.workspace, bundles)

    @cached_property
    def forge(self) -> Forge:
        github = self.surroundings.github
        if github is None:
            return LocalForge(self.repository)
        rest = f"It is whole at {self.surroundings.run_url}." if self.surroundings.run_url else ""
        whole = rest or "`delivery gate` writes it whole."
        return GithubForge(self.api, github.slug, merges_itself=github.is_app, rest=whole)

    @cached_property
    def api(self) -> GithubApi:
        """GitHub's API; InputError where origin is not there or there is no token for it."""
        return access(self.surroundings.github).api

    @property
    def workspace(self) -> Path:
        """Machine-local state. All of it can be deleted; none of it is truth."""
        return self.surroundings.workspace or self.root / WORKSPACE

    def snapshot(self, *, fetch: bool = True) -> Snapshot:
        """Fetch, and read what main says now; without `fetch`, what it said when last seen."""
        return Snapshot(self.repository, rehearses=self.surroundings.rehearses, fetch=fetch)

    def target(self, settings: Settings, environment: str) -> Target:
        """The place where `environment` runs."""
        from delivery.targets.local.target import LocalTarget  # most commands need no target
        from delivery.targets.rehearsal import RehearsalTarget

        place = settings.environment(environment).target
        kind = RehearsalTarget if self.surroundings.rehearses else LocalTarget
        return kind(environment, place.port, self.workspace, settings.serving)

    def signature(self, snapshot: Snapshot, release: str, environment: str) -> Verdict:
        """Is a release on main signed by somebody who may sign for `environment`?"""
        from delivery.release.signature import released_signature  # which works with a context

        return released_signature(self, snapshot, release, environment)

    def bento(self, snapshot: Snapshot, release: str) -> Path:
        """The checked folder of a release on main."""
        record = snapshot.record(release)
        return self.store.bento(release, record.bento_sha256, snapshot.commit)
