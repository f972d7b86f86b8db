"""What every command works with: the checkout and the adapters its settings name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from delivery.forge.local import LocalForge
from delivery.forge.protocol import Forge
from delivery.git import Repository
from delivery.settings import Settings
from delivery.snapshot import Snapshot
from delivery.store import Store
from delivery.targets.protocol import Target

WORKSPACE = ".delivery"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Context:
    """A checkout. `progress` is told, in a line, what long work is doing."""

    root: Path
    progress: Progress

    @cached_property
    def repository(self) -> Repository:
        return Repository(self.root)

    @cached_property
    def store(self) -> Store:
        return Store(self.root, self.workspace)

    @cached_property
    def forge(self) -> Forge:
        return LocalForge(self.repository)

    @property
    def workspace(self) -> Path:
        """Machine-local state. All of it can be deleted; none of it is truth."""
        return self.root / WORKSPACE

    def snapshot(self) -> Snapshot:
        """Fetch, and read what main says now."""
        return Snapshot(self.repository)

    def target(self, settings: Settings, environment: str) -> Target:
        """The place where `environment` runs."""
        from delivery.targets.local import LocalTarget  # most commands need no target

        place = settings.environment(environment).target
        return LocalTarget(environment, place.port, self.workspace, settings.serving)

    def bento(self, snapshot: Snapshot, release: str) -> Path:
        """The checked folder of a release on main."""
        record = snapshot.record(release)
        return self.store.bento(release, record.bento_sha256, snapshot.commit)
