"""An engine that is none, and a place on it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from delivery.targets.docker.engine import Engine
from delivery.targets.docker.place import Place
from delivery.targets.docker.state.volume import Volume, volume_of

BASE = f"registry.example/python@sha256:{'a' * 64}"
FAKE = Path(__file__).parent / "fake_docker.py"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where fake_docker.py keeps what it knows."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -SE "{FAKE}" "$@"\n')
    program.chmod(0o755)
    for folder in ("state", "running"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    volume_of.cache_clear()  # of another test's home
    return tmp_path


@pytest.fixture
def calls(home: Path) -> Callable[[], Sequence[Sequence[str]]]:
    """What docker was told so far."""
    return lambda: [json.loads(line) for line in (home / "calls").read_text().splitlines()]


@pytest.fixture
def place(home: Path) -> Place:
    return Place(Engine(), "staging", BASE)


@pytest.fixture
def volume(place: Place) -> Iterator[Volume]:
    made = Volume(place)
    yield made
    made.close()
