"""Does an environment take promotions, as its events tell? `frozen-N` is what a person wrote, and
`thawed-N` ends it. Both stand in the events of the attempt that counted then, and hold for the
environment. A rollback that did not reach its end freezes the environment as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from delivery.events.event import Event

FROZEN, THAWED = "frozen", "thawed"


@dataclass(frozen=True, slots=True)
class Freeze:
    """Who froze it, when (ISO 8601) and why."""

    by: str
    since: str
    why: str

    def __str__(self) -> str:
        return f"{self.by} froze it at {self.since[:19]}: {self.why}"


def freeze_of(events: Iterable[Event]) -> Freeze | None:
    """The freeze that is in force, given all events of an environment in any order."""
    last = _last(events, (FROZEN, THAWED))
    if last is None or _name(last) == THAWED:
        return None
    return Freeze(last.by or "somebody", last.at, str(last.evidence.get("why", "")))


def thawed_since(events: Iterable[Event], moment: str) -> bool:
    """Did somebody thaw the environment after a moment (ISO 8601)?"""
    last = _last(events, (THAWED,))
    return last is not None and last.at > moment


def _last(events: Iterable[Event], kinds: tuple[str, ...]) -> Event | None:
    return max((event for event in events if _name(event) in kinds),
               key=lambda event: event.at, default=None)  # fmt: skip


def _name(event: Event) -> str:
    return event.kind.partition("-")[0]
