"""What people ordered in a hurry, as files beside the route.

    <folder>/hold.json       delivery.targets.orders.Hold
    <folder>/journal.json    delivery.targets.orders.JournalEntry

A file that cannot be read is an order all the same: nothing is changed until a person looks.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TypeVar

from delivery.errors import TargetError
from delivery.targets.orders import Hold, JournalEntry
from delivery.targets.state import StateFile, StateFolder, write

Order = TypeVar("Order", Hold, JournalEntry)


@dataclass(frozen=True, slots=True)
class LocalOrders:
    """The orders in `folder`."""

    folder: StateFolder

    def hold(self) -> Hold | None:
        return _read(self._hold, Hold)

    def write_hold(self, hold: Hold) -> None:
        _write(self._hold, hold)

    def lift_hold(self) -> None:
        self._hold.unlink(missing_ok=True)

    def journal(self) -> JournalEntry | None:
        return _read(self._journal, JournalEntry)

    def write_journal(self, entry: JournalEntry) -> None:
        _write(self._journal, entry)

    def clear_journal(self, entry: JournalEntry) -> None:
        """Unless another entry took its place."""
        if self.journal() == entry:
            self._journal.unlink(missing_ok=True)

    @property
    def _hold(self) -> StateFile:
        return self.folder / "hold.json"

    @property
    def _journal(self) -> StateFile:
        return self.folder / "journal.json"


def _write(file: StateFile, order: Hold | JournalEntry) -> None:
    write(file, json.dumps(asdict(order)) + "\n")


def _read(file: StateFile, kind: type[Order]) -> Order | None:
    try:
        return kind(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise TargetError(
            f"{file} cannot be read ({error}), so nothing is changed: somebody ordered that. Find "
            "out who and why, then delete the file."
        ) from error
