"""A private repository that pays, whose governance was applied."""

from __future__ import annotations

import pytest

from delivery.commands.github.settings import apply
from tests.github.governing import Governed


@pytest.fixture
def mended(world: Governed) -> Governed:
    world.hub.subscribe("team")
    apply(world.context, dry_run=False)
    world.hub.variables["PUBLIC_STORE"] = "true"
    return world
