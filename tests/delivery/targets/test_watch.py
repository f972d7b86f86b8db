"""A watch restores what the last deployment left, no faster than it pays, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.errors import StoreError
from delivery.targets.watch import LONGEST, Watch
from tests.delivery.place import Place


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def place() -> Place:
    """R2 has the traffic, R1 was kept beside it, and R3 is on trial."""
    running = {"r-1": True, "r-2": True, "r-3": True}
    return Place("staging", running=running, shares={"r-2": 100}, kept={"r-1", "r-2"})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(place: Place, clock: Clock) -> Watch:
    return Watch(place.target, lambda release: Bento(release, Path(release)), clock)


def test_what_is_in_order_is_left_alone(watch: Watch, place: Place) -> None:
    place.calls_left = 0
    assert watch.look() == []
    assert (watch.restarts, watch.trouble) == (0, "")


@pytest.mark.parametrize("dead", ["r-1", "r-2"])
def test_what_died_is_started_again(watch: Watch, place: Place, dead: str) -> None:
    place.running[dead] = False
    assert watch.look() == [f"{dead} is not running: restarted"]
    assert place.running[dead]
    assert watch.restarts == 1


def test_what_was_kept_and_is_gone_is_started_again(watch: Watch, place: Place) -> None:
    del place.running["r-1"]
    watch.look()
    assert place.running["r-1"]


def test_what_no_deployment_left_there_is_not_started(watch: Watch, place: Place) -> None:
    place.running["r-3"] = False
    assert watch.look() == []
    assert not place.running["r-3"]
    assert place.shares == {"r-2": 100}


def test_a_router_is_told_again(
    watch: Watch, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "problem", lambda: "does not answer")
    monkeypatch.setattr(place, "refresh", lambda: True)
    assert watch.look() == ["the router does not answer: restarted"]
    assert watch.restarts == 1


def test_a_router_that_was_taken_down_meanwhile_is_not_started(
    watch: Watch, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["is not running", ""])
    monkeypatch.setattr(place, "problem", lambda: next(answers))
    place.calls_left = 0
    assert watch.look() == ["the router is not running: nothing to restart"]


def test_a_deployment_at_work_is_left_alone(watch: Watch, place: Place) -> None:
    place.running["r-2"], place.held = False, 1
    assert watch.look() == []
    assert watch.look() == ["r-2 is not running: restarted"]


def test_what_a_deployment_gave_up_meanwhile_is_not_started(
    watch: Watch, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.running["r-2"] = False
    answers = iter([{"r-2"}, set()])
    monkeypatch.setattr(place, "settled", lambda: next(answers))
    assert watch.look() == ["r-2 is not running: nothing to restart"]
    assert not place.running["r-2"]
    assert watch.restarts == 0


def test_what_fails_is_tried_again_ever_more_slowly(
    watch: Watch, place: Place, clock: Clock
) -> None:
    place.running["r-2"] = False
    place.broken.add("r-2")
    tries = []
    while clock.now < 100 + 400:
        if watch.look():
            tries.append(clock.now - 100)
        clock.now += 1
    assert tries == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363]
    assert watch.trouble == "r-2 cannot be mended: it exits at once"
    place.broken.clear()
    clock.now += LONGEST
    watch.look()
    watch.look()
    assert (place.running["r-2"], watch.trouble, watch.restarts) == (True, "", 1)


def test_one_that_dies_again_and_again_waits_longer_too(
    watch: Watch, place: Place, clock: Clock
) -> None:
    starts = []
    while clock.now < 100 + 20:
        place.running["r-2"] = False
        if watch.look():
            starts.append(clock.now - 100)
        clock.now += 1
    assert starts == [0, 1, 3, 7, 15]
    clock.now += 16 + LONGEST
    place.running["r-2"] = True
    watch.look()
    place.running["r-2"] = False
    assert watch.look(), "it held for long enough, so the next time is a first one"
    clock.now += 1
    place.running["r-2"] = False
    assert watch.look()


def test_bytes_that_cannot_be_had_are_trouble(place: Place, clock: Clock) -> None:
    def bento(release: str) -> Bento:
        raise StoreError("the store is away")

    place.running["r-2"] = False
    watch = Watch(place.target, bento, clock)
    assert watch.look() == ["r-2 is not running: the store is away; next try in 1 s"]
    assert "the store is away" in watch.trouble
