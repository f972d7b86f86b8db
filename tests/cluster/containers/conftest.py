"""What only a kubelet shows is skipped where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cluster.conftest import CHOSEN
from tests.cluster.node import PLAN, Node


@pytest.fixture(scope="session")
def node() -> Node:
    """The node with a kubelet."""
    named = os.environ.get(CHOSEN)
    plan = Path(named).parent / PLAN if named else None
    if plan is None or not plan.exists() or not (found := Node.read(plan.parent)).kubelet:
        pytest.skip("needs a kubelet: `make test-cluster NODE=1`")
    return found
