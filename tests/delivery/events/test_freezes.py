"""What events tell of freezes, whatever their order."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from delivery.events.event import Event, State, is_kind, is_note, state_of
from delivery.events.freezes import freeze_of, thawed_since


def event(kind: str, minute: int, why: str = "") -> Event:
    moment = f"2026-11-27T10:{minute:02}:00+00:00"
    return Event("production", "a" * 40, kind, "r-one", "local", {"why": why}, moment, "ann")


def test_the_newest_event_decides_whatever_their_order() -> None:
    events = [event("frozen-1", 1, "old"), event("thawed-1", 2), event("frozen-2", 3, "new")]
    for some in permutations(events):
        assert str(freeze_of(some)) == "ann froze it at 2026-11-27T10:03:00: new"
        assert freeze_of([*some, event("thawed-2", 4)]) is None
    assert freeze_of([]) is None


def test_an_event_that_names_nobody_is_somebodys() -> None:
    nobody = replace(event("frozen-1", 1, "an audit"), by="")
    assert str(freeze_of([nobody])) == "somebody froze it at 2026-11-27T10:01:00: an audit"


def test_only_what_came_later_thaws() -> None:
    thawed = [event("thawed-1", 2)]
    assert thawed_since(thawed, "2026-11-27T10:01:00+00:00")
    assert not thawed_since(thawed, "2026-11-27T10:02:00+00:00")
    assert not thawed_since([event("frozen-1", 3)], "2026-11-27T10:01:00+00:00")


@pytest.mark.parametrize("kind", ["frozen", "thawed"])
def test_the_state_stays_what_it_is(kind: str) -> None:
    assert is_kind(f"{kind}-1")
    assert not is_kind(kind)
    assert is_note(event(f"{kind}-1", 1))
    assert state_of([event("verified", 1), event(f"{kind}-1", 2)]) is State.VERIFIED
