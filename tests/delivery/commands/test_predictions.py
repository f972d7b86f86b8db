"""`delivery predictions` works on all that an environment has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery.commands.predictions import EraseRequest, erase, prune
from delivery.errors import InputError
from serving.segments.folder import PREDICTIONS
from tests.delivery.commands.live import ENV, two_releases
from tests.delivery.place import World
from tests.delivery.predictions.places import asked, folder, found, store
from tests.origin import Origin

TODAY = datetime.now(UTC).date().isoformat()
LINES = {PREDICTIONS: [[asked("a", "ann", day=TODAY)], [asked("b", "bob", day="2020-01-01")]]}
REASON = "case 2026-117"


@pytest.fixture
def world(pipeline: Origin) -> World:
    return two_releases(pipeline)


def test_a_target_has_its_folder(world: World) -> None:
    path = world.places[ENV].predictions = world.workspace / "predictions"
    place = folder(path, **LINES)
    done = erase(world, EraseRequest(ENV, (), ("customer=ann",), REASON))
    assert [(each.place, each.rows) for each in done.places] == [(str(path), 1)]
    gone = prune(world, ENV, 30, (), dry_run=False)
    assert [(each.segments, each.left) for each in gone.places] == [(1, 0)]
    assert found(place) == []


def test_other_places_are_named(world: World, tmp_path: Path) -> None:
    address = str(tmp_path / "store")
    place = store(tmp_path / "store", **LINES)
    gone = prune(world, ENV, 30, (address,), dry_run=True)
    assert [(each.place, each.segments) for each in gone.places] == [(address, 1)]
    erase(world, EraseRequest(ENV, ("a",), (), REASON, (address,)))
    assert [line["request_id"] for line in found(place)] == ["b"]


def test_where_nothing_is_that_is_said(world: World, tmp_path: Path) -> None:
    world.places[ENV].predictions = tmp_path / "nothing"
    with pytest.raises(InputError, match=r"keeps nothing.*environments.*predictions.*--log"):
        prune(world, ENV, 30, (), dry_run=True)


@pytest.mark.parametrize("reason", ["", "short"])
def test_a_reason_is_a_reason(world: World, reason: str) -> None:
    with pytest.raises(InputError, match="reason"):
        erase(world, EraseRequest(ENV, ("a",), (), reason))
