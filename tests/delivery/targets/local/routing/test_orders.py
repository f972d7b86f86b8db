"""What people ordered is there for every later command, and counts even when it is damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.targets.local.routing.orders import LocalOrders
from delivery.targets.orders import Hold, JournalEntry

HOLD = Hold("staging", "ann", "an incident", "2026-11-27T09:00:00+00:00")
ENTRY = JournalEntry("staging", "a" * 40, "r-2", "r-1", "ann", "it is slow", HOLD.since)


@pytest.fixture
def orders(tmp_path: Path) -> LocalOrders:
    return LocalOrders(tmp_path / "staging")


def test_a_hold_stays_until_it_is_lifted(orders: LocalOrders) -> None:
    assert orders.hold() is None
    orders.write_hold(HOLD)
    assert LocalOrders(orders.folder).hold() == HOLD
    orders.lift_hold()
    orders.lift_hold()
    assert orders.hold() is None


def test_an_entry_that_another_replaced_is_not_cleared(orders: LocalOrders) -> None:
    later = replace(ENTRY, since="2026-11-27T10:00:00+00:00")
    orders.write_journal(ENTRY)
    orders.write_journal(later)
    orders.clear_journal(ENTRY)
    assert orders.journal() == later
    orders.clear_journal(later)
    orders.clear_journal(later)
    assert orders.journal() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"by": "ann"}'])
def test_what_cannot_be_read_stops_everybody(orders: LocalOrders, content: str) -> None:
    orders.folder.mkdir()
    for name, read in (("hold.json", orders.hold), ("journal.json", orders.journal)):
        (orders.folder / name).write_text(content)
        with pytest.raises(TargetError, match=f"{name} cannot be read.*delete the file"):
            read()
