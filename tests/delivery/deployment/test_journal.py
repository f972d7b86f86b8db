"""Origin hears of a rollback once, whatever else happened to the attempt, and in words it
believes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from delivery.deployment.journal import settle
from delivery.errors import HeldError
from delivery.events.event import State
from delivery.state.event_writer import EventWriter
from delivery.targets.orders import JournalEntry
from tests.delivery.deployment.production import ENV, ONE, TWO, bring_up
from tests.delivery.place import World
from tests.origin import Origin

WHY = {"why": "it is slow"}


def entry(world: World, **more: Any) -> JournalEntry:
    attempt = world.snapshot().attempt(ENV).commit
    return JournalEntry(ENV, attempt, TWO, ONE, "ann", "it is slow", "2026-11-27T09:00Z", **more)


def kinds(world: World) -> list[str]:
    return [event.kind for event in world.snapshot().attempt(ENV).events]


def test_what_was_verified_is_revoked_once(origin: Origin, world: World) -> None:
    bring_up(origin, world, ONE)
    for _ in range(2):
        settle(world, entry(world), WHY)
    assert kinds(world) == ["deployed", "verified", "revoked-1"]


def test_what_was_not_is_rejected(origin: Origin, world: World) -> None:
    origin.promote(ENV, TWO)
    settle(world, entry(world), WHY)
    assert kinds(world) == ["rejected"]


def test_a_person_who_closes_the_route_is_heard_after_a_rejection(
    origin: Origin, world: World
) -> None:
    origin.promote(ENV, TWO)
    settle(world, entry(world), WHY)
    for _ in range(2):
        settle(world, entry(world, closes=True), WHY)
    assert kinds(world) == ["rejected", "revoked-1"]
    assert world.snapshot().history(ENV).closed


def test_what_a_deployment_wrote_at_the_same_moment_does_not_drown_it(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = origin.promote(ENV, TWO)
    write = EventWriter.write

    def write_late(*arguments: Any) -> bool:
        monkeypatch.undo()
        origin.happened(ENV, attempt, "verified", TWO)
        return write(*arguments)

    monkeypatch.setattr(EventWriter, "write", write_late)
    settle(world, entry(world), WHY)
    assert world.snapshot().attempt(ENV).state is State.REVOKED


def test_an_attempt_that_main_lost_needs_no_event(origin: Origin, world: World) -> None:
    origin.promote(ENV, TWO)
    settle(world, replace(entry(world), attempt="0" * 40), WHY)
    assert kinds(world) == []


def test_an_event_that_nobody_believes_is_no_end(
    origin: Origin, world: World, tmp_path: Path
) -> None:
    bring_up(origin, world, ONE)
    vars(world)["events"] = replace(origin, environ={"XDG_DATA_HOME": str(tmp_path)}).events
    with pytest.raises(HeldError, match=r"not believed.*delivery attest"):
        settle(world, entry(world), WHY)
