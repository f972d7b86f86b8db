"""One writer at a time, and no clock but one's own."""

from __future__ import annotations

import threading
import time

import pytest

from delivery.errors import HeldError
from delivery.targets.kubernetes.routing.fence import Fence
from delivery.targets.kubernetes.routing.orders import LeaseOrders
from delivery.targets.orders import Hold, JournalEntry
from delivery.targets.protocol import Writer
from tests.delivery.targets.kubernetes.conftest import Place

HOLD = Hold("staging", "anna", "an incident", "2026-11-27T10:00:00+00:00")
ENTRY = JournalEntry("staging", "c0ffee", "r-222222222222", "r-111111111111", "anna", "x", "now")


def another(place: Place) -> Fence:
    return Fence("staging", place.fence.record)


def test_a_holder_that_renews_keeps_others_out(place: Place) -> None:
    with (
        place.fence.lock(Writer.DEPLOYMENT),
        pytest.raises(HeldError, match="being changed by another command"),
        another(place).lock(Writer.DEPLOYMENT),
    ):
        pass
    with another(place).lock(Writer.DEPLOYMENT):  # it was given back
        pass


def test_a_holder_that_died_is_waited_out_whatever_its_clock_said(place: Place) -> None:
    dead = another(place)
    dead._acquire(Writer.DEPLOYMENT)
    lease = place.memory.objects["Lease", "delivery"]
    lease["spec"]["renewTime"] = "2099-01-01T00:00:00.000000Z"
    begun = time.monotonic()
    with place.fence.lock(Writer.DEPLOYMENT):
        assert time.monotonic() - begun > 0.2
        with pytest.raises(HeldError, match="took staging over"):
            dead.require_turn()


def test_a_rollback_waits_for_nobody(place: Place) -> None:
    with place.fence.lock(Writer.DEPLOYMENT):
        taken = pytest.raises(HeldError, match="took staging over")
        with another(place).lock(Writer.ROLLBACK), taken:
            place.fence.require_turn()
        with pytest.raises(HeldError, match="which ended"):
            place.fence.require_turn()


def test_the_supervisor_is_waited_for(place: Place) -> None:
    entered, leave = threading.Event(), threading.Event()

    def mend() -> None:
        with another(place).lock(Writer.SUPERVISOR):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=mend)
    thread.start()
    assert entered.wait(10)
    threading.Timer(0.4, leave.set).start()
    with place.fence.lock(Writer.DEPLOYMENT):
        assert leave.is_set()
    thread.join()


@pytest.mark.parametrize(
    ("writer", "obeys"),
    [
        (Writer.DEPLOYMENT, {"hold", "journal"}),
        (Writer.ROLLBACK, {"hold"}),
        (Writer.REPLAY, {"hold"}),
        (Writer.SUPERVISOR, set()),
    ],
)
def test_who_obeys_which_order(place: Place, writer: Writer, obeys: set[str]) -> None:
    orders = LeaseOrders(place.fence.record)
    found = set()
    for name, write, clear in (
        ("hold", lambda: orders.write_hold(HOLD), orders.lift_hold),
        ("journal", lambda: orders.write_journal(ENTRY), lambda: orders.clear_journal(ENTRY)),
    ):
        write()
        try:
            with place.fence.lock(writer):
                pass
        except HeldError:
            found.add(name)
        clear()
    assert found == obeys
    with place.fence.lock(Writer.DEPLOYMENT):
        pass


def test_each_holder_has_its_epoch(place: Place) -> None:
    epochs = []
    for _ in range(3):
        with place.fence.lock(Writer.DEPLOYMENT):
            epochs.append(place.fence.epoch)
    assert epochs == [1, 2, 3]
    assert place.fence.epoch is None
    place.fence.require_turn()  # who never took the lock is not fenced
