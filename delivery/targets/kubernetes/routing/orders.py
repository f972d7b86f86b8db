"""What people ordered in a hurry, as annotations of the Lease. One that cannot be read is an order
all the same: nothing is changed until a person looks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TypeVar

from delivery.errors import TargetError
from delivery.manifests.objects import Object
from delivery.targets.kubernetes.routing.record import NAME, Record, notes
from delivery.targets.orders import Hold, JournalEntry

HOLD, JOURNAL = "delivery/hold", "delivery/journal"
Order = TypeVar("Order", Hold, JournalEntry)


@dataclass(frozen=True, slots=True)
class LeaseOrders:
    """The orders in `record`."""

    record: Record

    def hold(self) -> Hold | None:
        return hold_of(self.record.read())

    def write_hold(self, hold: Hold) -> None:
        self.record.write_note(HOLD, json.dumps(asdict(hold)))

    def lift_hold(self) -> None:
        self.record.write_note(HOLD, "")

    def journal(self) -> JournalEntry | None:
        return journal_of(self.record.read())

    def write_journal(self, entry: JournalEntry) -> None:
        self.record.write_note(JOURNAL, json.dumps(asdict(entry)))

    def clear_journal(self, entry: JournalEntry) -> None:
        """Unless another entry took its place."""
        if self.journal() == entry:
            self.record.write_note(JOURNAL, "")


def hold_of(lease: Object) -> Hold | None:
    """The hold that a Lease carries."""
    return _read(lease, HOLD, Hold)


def journal_of(lease: Object) -> JournalEntry | None:
    """The journal that a Lease carries."""
    return _read(lease, JOURNAL, JournalEntry)


def _read(lease: Object, key: str, kind: type[Order]) -> Order | None:
    text = notes(lease).get(key, "")
    if not text:
        return None
    try:
        return kind(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise TargetError(
            f"the annotation {key} of the Lease {NAME} cannot be read ({error}), so nothing is "
            "changed: somebody ordered that. Find out who and why, then remove the annotation."
        ) from error
