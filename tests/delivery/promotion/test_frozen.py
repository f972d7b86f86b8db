"""Which environments take no promotions, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from delivery.errors import HeldError
from delivery.events.event import Event
from delivery.promotion.frozen import Frozen, frozen_because, require_thawed, waits
from delivery.settings.freeze import Freeze
from delivery.state.desired import Desired
from delivery.state.history import ADMITTED, Attempt, History
from tests.delivery.place import environment
from tests.origin import version

ONE, TWO = "r-111111111111", "r-222222222222"
CHRISTMAS = Freeze.model_validate({"windows": [{"first": "2026-12-24", "last": "2026-12-26"}]})
NEVER = Freeze()
MOMENT = datetime(2026, 12, 25, tzinfo=UTC)
WORK = datetime(2026, 11, 27, 12, tzinfo=UTC)


def attempt(*kinds: str, minute: int = 0, rollback: bool = False, why: str = "") -> Attempt:
    """Its events, one a minute."""
    desired = Desired(version(TWO), version(ONE), ONE if rollback else "none")
    events = [
        Event("production", "a" * 40, kind, TWO, "local", {"why": why},
              f"2026-11-27T10:{minute + place:02}:00+00:00", "ann")
        for place, kind in enumerate(kinds)
    ]  # fmt: skip
    return Attempt(environment("production"), "local", "a" * 40, desired, events)


def frozen(*newest_first: Attempt, freeze: Freeze = NEVER, at: datetime = WORK) -> Frozen | None:
    place = environment("production")
    settings = place.settings.model_copy(update={"freeze": freeze})
    return frozen_because(History(replace(place, settings=settings), newest_first), at)


def test_windows_freeze_as_long_as_they_last() -> None:
    found = frozen(attempt("verified"), freeze=CHRISTMAS, at=MOMENT)
    assert str(found) == "production is frozen: until 2026-12-27 00:00 UTC"
    assert found is not None
    assert found.cure == "", "time alone ends it"
    assert frozen(attempt("verified"), freeze=CHRISTMAS) is None


def test_a_freeze_of_a_person_holds_for_later_attempts_until_it_is_lifted() -> None:
    before = attempt("verified", "frozen-1", why="audit")
    found = frozen(attempt(), before)
    assert found is not None
    assert "ann froze it" in found.why
    assert "audit" in found.why
    assert "--lift" in found.cure
    assert frozen(attempt("thawed-1", minute=30), before) is None


@pytest.mark.parametrize("kind", ["rejected", "revoked-1"])
def test_a_rollback_that_failed_freezes_until_a_person_lifts_that(kind: str) -> None:
    failed = attempt("deployed", kind, rollback=True, why="it does not start")
    found = frozen(attempt(), failed)
    assert found is not None
    assert found.failed
    assert "FROZEN, because a rollback failed" in str(found)
    assert "it does not start" in str(found)
    assert frozen(attempt("thawed-1", minute=30), failed) is None
    early = attempt("thawed-1", minute=0)
    again = attempt("deployed", kind, rollback=True, minute=5)
    assert frozen(again, early) is not None, "an earlier order thaws nothing that fails later"


def test_what_came_well_after_it_ends_it() -> None:
    failed = attempt("deployed", "rejected", rollback=True)
    assert frozen(attempt("deployed", "verified", minute=9, rollback=True), failed) is None


def test_files_that_were_never_admitted_freeze_nothing() -> None:
    desired = Desired(version(TWO), version(ONE), ONE)
    event = Event("production", "a" * 40, "rejected", TWO, "local", {ADMITTED: False}, "2026", "x")
    forged = Attempt(environment("production"), "local", "a" * 40, desired, [event])
    assert frozen(forged, attempt("verified")) is None


def test_a_promotion_waits_and_a_rollback_does_not() -> None:
    place, before = environment("production"), attempt("verified", "frozen-1", why="audit")
    held = waits(History(place, (attempt(), before)))
    assert held is not None
    with pytest.raises(HeldError, match=r"audit.*--lift.*ends that\. A rollback is not held"):
        require_thawed(held)
    require_thawed(waits(History(place, (attempt(rollback=True), before))))
    require_thawed(waits(History(place, (attempt("deployed", minute=30), before))))
