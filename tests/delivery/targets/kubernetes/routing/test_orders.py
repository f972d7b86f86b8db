"""Orders of people lie on the Lease; one that cannot be read stops everything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.errors import TargetError
from delivery.targets.kubernetes.routing.orders import HOLD, LeaseOrders
from delivery.targets.orders import Hold, JournalEntry
from tests.delivery.targets.kubernetes.conftest import Place

ORDER = Hold("staging", "anna", "an incident", "2026-11-27T10:00:00+00:00")
ENTRY = JournalEntry("staging", "c0ffee", "r-222222222222", "r-111111111111", "anna", "x", "now")


def test_orders_are_read_back(place: Place) -> None:
    orders = LeaseOrders(place.fence.record)
    assert (orders.hold(), orders.journal()) == (None, None)
    orders.write_hold(ORDER)
    orders.write_journal(ENTRY)
    assert (orders.hold(), orders.journal()) == (ORDER, ENTRY)
    orders.clear_journal(replace(ENTRY, why="another"))
    assert orders.journal() == ENTRY
    orders.clear_journal(ENTRY)
    orders.lift_hold()
    assert (orders.hold(), orders.journal()) == (None, None)


def test_what_cannot_be_read_is_an_order(place: Place) -> None:
    place.fence.record.write_note(HOLD, "{")
    with pytest.raises(TargetError, match="somebody ordered that"):
        LeaseOrders(place.fence.record).hold()
