"""A repository whose governance was applied."""

from __future__ import annotations

import pytest

from delivery.commands.github import apply
from tests.github.governing import Governed


@pytest.fixture
def mended(world: Governed) -> Governed:
    apply(world.context, dry_run=False)
    world.hub.variables["PUBLIC_STORE"] = "true"
    return world
