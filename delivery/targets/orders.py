"""What people order in a hurry, and every target keeps beside its route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Hold:
    """What a person ordered: nothing is changed here. `since` is a moment (ISO 8601)."""

    environment: str
    by: str
    why: str
    since: str

    def __str__(self) -> str:
        return (
            f"{self.environment} is held by {self.by} since {self.since}: {self.why}. "
            f"`{self.cure}` ends that"
        )

    @property
    def cure(self) -> str:
        return f"delivery hold {self.environment} --lift"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A rollback that origin may not know of yet: the attempt (a commit of main) that does not
    stand any more, the release that was `left`, and the one that got its traffic. `closes`: nobody
    got it, as a person asked. `since` is a moment (ISO 8601)."""

    environment: str
    attempt: str
    left: str
    release: str
    by: str
    why: str
    since: str
    closes: bool = False

    def __str__(self) -> str:
        return (
            f"{self.by} rolled {self.environment} back from {self.left} to {self.release} at "
            f"{self.since}: {self.why}. Origin does not know it yet; `{self.cure}` tells it"
        )

    @property
    def cure(self) -> str:
        return f"delivery deploy {self.environment}"


class Orders(Protocol):
    """What people ordered in a hurry. It lies beside the route and needs no origin; reading and
    writing it waits for nobody. TargetError where it cannot be read."""

    def hold(self) -> Hold | None: ...

    def write_hold(self, hold: Hold) -> None: ...

    def lift_hold(self) -> None: ...

    def journal(self) -> JournalEntry | None: ...

    def write_journal(self, entry: JournalEntry) -> None: ...

    def clear_journal(self, entry: JournalEntry) -> None:
        """Unless another entry took its place."""
        ...
