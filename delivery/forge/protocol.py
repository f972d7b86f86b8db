"""What every forge can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Wanted = Literal["open", "all"]
CANDIDATE = "candidate"  # the label of a pull request that proposes a model
LONGEST = 60_000  # characters of a comment; GitHub refuses more than 65,536


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request against main.

    `head` is a branch, `owner:branch` where it is one of a fork. `comment` is the one sticky
    comment; a list may leave it empty, `Forge.pull` does not.
    """

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


@dataclass(frozen=True, slots=True)
class Approval:
    """Of what was merged by pull request `number`, 0 where there was none: its author, empty for a
    machine, and the people who approved it. Logins, in lower case."""

    number: int = 0
    author: str = ""
    by: frozenset[str] = frozenset()


class Forge(Protocol):
    """Pull requests against main. Every method is safe to repeat. Raises ForgeError."""

    merges_itself: bool  # may `delivery` merge a rollback here without a person?

    def pull(self, number: int) -> Pull:
        """One pull request, with its comment."""
        ...

    def pulls(self, *, head: str | None = None, state: Wanted = "all") -> tuple[Pull, ...]:
        """Pull requests, oldest first: of the branch `head` of this repository, or of all."""
        ...

    def open(self, head: str, title: str, body: str, labels: tuple[str, ...]) -> Pull:
        """Open a pull request for the pushed branch `head`, or adopt the one that is open.

        An adopted one keeps its title and its body, and gets the labels that it lacks.
        """
        ...

    def check(self, head: str, commit: str) -> None:
        """Have the checks of a branch run whose head is `commit`, where pushing it starts none."""
        ...

    def comment(self, number: int, text: str) -> None:
        """Write the sticky comment, replacing the one before."""
        ...

    def merge(self, number: int, *, commit: str | None = None) -> Pull:
        """Merge into main with a merge commit; adopts one that is merged already.

        With `commit`, only if that is still the head of its branch.
        """
        ...

    def close(self, number: int, reason: str) -> Pull:
        """Close without merging."""
        ...

    def approval(self, commit: str) -> Approval | None:
        """Who approved what came to main as `commit`; None where the forge cannot tell, or main
        wants no review."""
        ...


def moved(number: int, head: str) -> str:
    """What to say where the branch is not at the commit that was to be merged."""
    return (
        f"#{number}: its branch {head} moved after it was looked at, so it was not merged. Read "
        "what was pushed, and run the command again."
    )
