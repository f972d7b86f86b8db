"""Local targets whose servers start in a tenth of a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from delivery.bento import server
from delivery.targets.local.target import local_target
from delivery.targets.protocol import Target
from tests.delivery.place import environment
from tests.delivery.running import fake_bento, fake_python, free_port, running


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Target]]:
    """Makes targets and stops them at the end, whatever happened."""
    python = fake_python(tmp_path / "python")
    monkeypatch.setattr(server, "environment", lambda *_: python)
    monkeypatch.setattr("delivery.targets.local.runtime.SETTLE", 0.0)
    monkeypatch.setattr("delivery.targets.local.instances.ASK", 1.0)
    monkeypatch.setattr("delivery.targets.local.routing.probe.ASK", 1.0)
    monkeypatch.setattr("delivery.targets.local.routing.probe.PATIENT", 1.0)
    made = []

    def target(name: str = "staging", port: int = 0, workspace: str = "one") -> Target:
        made.append(local_target(environment(name, port or free_port()), tmp_path / workspace))
        return made[-1]

    yield target
    for local in made:
        local.stop()
    left = running(tmp_path)
    for process in left:
        process.kill()
    assert not left


@pytest.fixture
def target(make: Callable[..., Target]) -> Target:
    return make()


@pytest.fixture
def bento(tmp_path: Path) -> Path:
    return fake_bento(tmp_path / "bento")
