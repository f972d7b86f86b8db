"""The counters of a tiny model, for each test under a release of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.telemetry.counted import Counted


@pytest.fixture
def counted(tmp_path: Path, request: pytest.FixtureRequest) -> Counted:
    return Counted(tmp_path, request.node.name)
