"""One engine with its images for all tests of this folder."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.targets.protocol import Target
from tests.delivery.running import free_port
from tests.images.placed import Dock, dock


@pytest.fixture(scope="session")
def docked() -> Iterator[Dock]:
    with dock() as made:
        yield made


@pytest.fixture(scope="session")
def environment(docked: Dock) -> tuple[str, int]:
    """The name and the port of one that all tests use in turn, since a first start takes long."""
    return f"t{secrets.token_hex(4)}", free_port()


@pytest.fixture
def target(docked: Dock, environment: tuple[str, int]) -> Target:
    """With a route that is closed."""
    made = docked.target(*environment)
    made.router.set_weights({})
    (made.runtime.folder / "records/attempt").unlink(missing_ok=True)
    return made


@pytest.fixture
def served(docked: Dock, environment: tuple[str, int]) -> Target:
    """r-one has the traffic, r-two is warm, and nothing else runs, whatever was before."""
    made = docked.target(*environment)
    for release in ("r-one", "r-two"):
        made.runtime.start(docked.bento(release))
    made.router.set_weights({"r-one": 100})
    made.runtime.retire({"r-one", "r-two"})
    return made


@pytest.fixture
def bento(tmp_path: Path) -> Path:
    """Of a release whose image is there already, so that nobody reads it."""
    return tmp_path / "bento"
