"""An order says who gave it, why, and which command ends it."""

from __future__ import annotations

from delivery.targets.orders import Hold, JournalEntry

HOLD = Hold("staging", "ann", "an incident", "2026-11-27T09:00:00+00:00")
ENTRY = JournalEntry("staging", "a" * 40, "r-2", "r-1", "ann", "it is slow", HOLD.since)


def test_each_says_who_and_why_and_what_to_do() -> None:
    for part in ("ann", "an incident", HOLD.since, "`delivery hold staging --lift`"):
        assert part in str(HOLD)
    for part in ("ann", "it is slow", "from r-2 to r-1", "`delivery deploy staging`"):
        assert part in str(ENTRY)
