"""A world whose targets are in memory and whose active gates say what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from delivery.deployment import active
from tests.delivery.deployment.rolling import Traffic, judged_by, shadowed_by
from tests.delivery.place import World, judgement
from tests.origin import Origin


@pytest.fixture
def world(origin: Origin) -> World:
    return World(origin.path, lambda _: None)


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Says what the active gates will say; they pass to begin with."""

    def say(status: Any) -> None:
        monkeypatch.setattr(active, "judge_live", judgement(status))

    say("pass")
    return say


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Traffic:
    """What the rollout gates will say; the active gates pass."""
    return judged_by(monkeypatch)


@pytest.fixture
def shadows(monkeypatch: pytest.MonkeyPatch, traffic: Traffic) -> Traffic:
    """What the verdicts on a shadow will be."""
    return shadowed_by(monkeypatch)
