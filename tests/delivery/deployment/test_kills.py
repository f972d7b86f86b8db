"""Killed before and after each side effect of a rollout, or of a rollback, and run again, it ends
the same.

The target is in memory, git and the event log are real, and a kill is an exception:
tests/rollouts/test_kills.py kills processes. A point is found by counting: what a run does is
wrapped, so no new side effect is forgotten. THOROUGH=1 kills at every point, else at each fifth.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.state.snapshot import Snapshot
from tests.delivery.deployment.faults import WRITES, Fault
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.deployment.rolling import Says, Traffic, merged
from tests.delivery.place import Killed, Place, World
from tests.origin import Origin, copy_origin, scratch

pytestmark = pytest.mark.e2e

EFFECTS = (
    *((Place, name) for name in ("start", "set_weights", "divide", "reflect", "retire")),
    *((Place, name) for name in ("write_journal", "clear_journal")),
    *WRITES,
)  # fmt: skip
Act = Callable[[World], None]
STRIDE = 1 if "THOROUGH" in os.environ else 5


@dataclass
class Template:
    """An origin and a place as they are before a deployment."""

    folder: Path
    places: dict[str, Place]

    @classmethod
    def of(cls, origin: Origin, world: World) -> Template:
        folder = scratch("kills-")
        copy_origin(origin.path.parent, folder)
        return cls(folder, deepcopy(world.places))

    def restore(self, origin: Origin, world: World) -> None:
        copy_origin(self.folder, origin.path.parent)
        world.places.clear()
        world.places.update(deepcopy(self.places))


def run(world: World, act: Act, patch: pytest.MonkeyPatch, at: int | None) -> list[str]:
    """An act that is killed at a point. Returns the points that it passed."""
    fault = Fault(killed, at)
    with fault.hooked(patch, EFFECTS):
        try:
            act(world)
        except Killed:
            assert at is not None
    return fault.passed


def killed(point: str) -> None:
    raise Killed(point)


def deployed(world: World) -> None:
    deploy(world, ENV, budget=60)


def rolled_back(world: World) -> None:
    rollback(world, ENV, reason="complaints", dry_run=False)


def end(world: World) -> tuple[Any, ...]:
    """What has to be the same, whoever was killed: route, events, what main wants."""
    snapshot: Snapshot = world.snapshot()
    events = [
        (event.kind, event.evidence.get("share"))
        for attempt in snapshot.history(ENV)
        for event in attempt.events
    ]
    pulls = [(pull.title, pull.state) for pull in world.forge.pulls()]
    return dict(world.places[ENV].shares), events, snapshot.desired(ENV), pulls


@pytest.mark.parametrize(
    ("says", "share"), [(["go"], {TWO: 100}), (["wait", "stop"], {ONE: 100})], ids=["good", "bad"]
)
def test_killed_anywhere_it_ends_the_same(
    origin: Origin, world: World, traffic: Traffic, monkeypatch: pytest.MonkeyPatch,
    says: list[Says], share: dict[str, int],
) -> None:  # fmt: skip
    merged(origin, world)
    points, whole = _killed_anywhere(origin, world, traffic, monkeypatch, says)
    assert whole[0] == share
    assert len(points) >= (30 if says == ["go"] else 24), points


@pytest.mark.parametrize(
    ("says", "share"), [(["wait", "go"], {TWO: 100}), (["wait", "stop"], {ONE: 100})],
    ids=["good", "bad"],
)  # fmt: skip
def test_killed_anywhere_in_a_shadow_it_ends_the_same(
    origin: Origin, world: World, shadows: Traffic, monkeypatch: pytest.MonkeyPatch,
    says: list[Says], share: dict[str, int],
) -> None:  # fmt: skip
    merged(origin, world, "shadow")
    points, whole = _killed_anywhere(origin, world, shadows, monkeypatch, says)
    assert whole[0] == share
    assert "before reflect" in points


def test_a_rollback_that_is_killed_anywhere_ends_the_same(
    origin: Origin, world: World, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged(origin, world)
    deployed(world)
    points, whole = _killed_anywhere(origin, world, traffic, monkeypatch, ["go"], rolled_back)
    assert whole[0] == {ONE: 100}
    assert {"before write_journal", "after merge"} <= set(points)


def _killed_anywhere(
    origin: Origin, world: World, traffic: Traffic, monkeypatch: pytest.MonkeyPatch,
    says: list[Says], act: Act = deployed,
) -> tuple[list[str], tuple[Any, ...]]:  # fmt: skip
    """The end is that after a further deployment: what the act merged may be left to it."""
    template = Template.of(origin, world)
    traffic.says = list(says)
    points = run(world, act, monkeypatch, at=None)
    deployed(world)
    whole = end(world)
    for at in range(0, len(points), STRIDE):
        template.restore(origin, world)
        traffic.says = list(says)
        run(world, act, monkeypatch, at)
        assert world.places[ENV].shares, f"{points[at]}: clients were left without an answer"
        assert not world.places[ENV].is_watched(), f"{points[at]}: nobody watches any more"
        traffic.says = says[-1:]
        act(world)
        deployed(world)
        assert end(world) == whole, points[at]
    return points, whole
