"""What every forge can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request against main. `head` is a branch; `comment` is the one sticky comment."""

    number: int
    title: str
    body: str
    head: str
    state: Literal["open", "merged", "closed"] = "open"
    labels: tuple[str, ...] = ()
    comment: str = ""
    merge_commit: str | None = None
    head_commit: str | None = None
    reason: str = ""


class Forge(Protocol):
    """Pull requests against main. Every method is safe to repeat. Raises ForgeError."""

    merges_itself: bool  # may `delivery` merge a rollback here without a person?

    def pulls(self) -> tuple[Pull, ...]:
        """All pull requests, oldest first."""
        ...

    def open(self, head: str, title: str, body: str, labels: tuple[str, ...]) -> Pull:
        """Open a pull request for the pushed branch `head`, or adopt the one that is open."""
        ...

    def comment(self, number: int, text: str) -> None:
        """Write the sticky comment, replacing the one before."""
        ...

    def merge(self, number: int) -> Pull:
        """Merge into main with a merge commit; adopts one that is merged already."""
        ...

    def close(self, number: int, reason: str) -> Pull:
        """Close without merging."""
        ...
