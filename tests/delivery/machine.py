"""A checkout whose targets are real processes on this machine, and whose bentos start at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.bento import server
from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.settings.policy import PORT_OFFSET
from delivery.state.snapshot import Snapshot
from delivery.targets.protocol import Target
from tests.delivery.place import World
from tests.delivery.running import fake_bento, fake_python, running
from tests.origin import Origin
from tests.ports import free_offset


@dataclass(frozen=True)
class Machine(World):
    """World with its local target; `broken` releases do not start."""

    target = Context.target

    def bento(self, snapshot: Snapshot, release: str) -> Path:
        return self.root.parent / "bentos" / release

    def place(self, environment: str) -> Target:
        return self.target(self.snapshot(fetch=False).environment(environment))

    def settle(self, environment: str, release: str, *beside: str) -> Target:
        """As after a deployment: `release` has the traffic, others are kept beside it."""
        place = self.place(environment)
        for name in (release, *beside):
            place.runtime.start(Bento(name, fake_bento(self.bento(self.snapshot(), name))))
        place.router.set_weights({release: 100})
        place.runtime.retire({release, *beside})
        return place


@contextmanager
def machine(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Everything on it is stopped at the end, and nothing is left."""
    folder = origin.path.parent
    python = fake_python(folder / "python")
    monkeypatch.setenv(PORT_OFFSET, free_offset())
    monkeypatch.setattr(server, "environment", lambda *_: python)
    monkeypatch.setattr("delivery.targets.local.runtime.SETTLE", 0.0)
    made = Machine(origin.path, lambda _: None)
    try:
        yield made
    finally:
        for name in ("staging", "production"):
            made.place(name).stop()
        left = running(folder)
        for process in left:
            process.kill()
    assert not left
