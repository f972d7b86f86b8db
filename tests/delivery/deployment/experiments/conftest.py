"""A lab in memory."""

from __future__ import annotations

import pytest

from tests.delivery.deployment.experiments.lab import Lab, lab
from tests.delivery.place import World
from tests.origin import Origin


@pytest.fixture
def made(origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return lab(origin, world, monkeypatch)
