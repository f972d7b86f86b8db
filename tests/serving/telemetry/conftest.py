"""The counters of a tiny model, for each test under a release of its own; and a small disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.telemetry.counted import Counted
from tests.serving.telemetry.disks import Disk, small_disk


@pytest.fixture
def counted(tmp_path: Path, request: pytest.FixtureRequest) -> Counted:
    return Counted(tmp_path, request.node.name)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk") as made:
        yield made
