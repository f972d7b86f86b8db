"""What speaks against believing the events of an environment, and what a person does about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from delivery.errors import HeldError

SHOWN = 12  # digits of a commit


@dataclass(frozen=True, slots=True)
class Doubts:
    """`rewritten`: entries or commits of main are gone that were there once. `unattested`: nobody
    who may write events wrote these entries, commit → why."""

    environment: str
    rewritten: tuple[str, ...] = ()
    unattested: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rewritten or self.unattested)

    def __str__(self) -> str:
        """In one line: entries that are doubted for the same reason stand together."""
        commits = defaultdict(list)
        for commit, why in self.unattested.items():
            commits[why].append(commit[:SHOWN])
        return "; ".join((*self.rewritten, *(f"{_named(c)}: {why}" for why, c in commits.items())))

    @property
    def lines(self) -> tuple[str, ...]:
        """One for each doubt."""
        unattested = (f"entry {commit[:SHOWN]}: {why}" for commit, why in self.unattested.items())
        return (*self.rewritten, *unattested)

    @property
    def cure(self) -> str:
        return f'delivery attest {self.environment} --reason "…"'

    def require_none(self) -> None:
        """HeldError if there are any."""
        if self:
            raise HeldError(
                f"the events of {self.environment} cannot be believed: {self}. Nothing was "
                f"changed. Find out who wrote to origin; then `{self.cure}` vouches for what is "
                "there now. docs/trust.md has the whole story."
            )


def _named(commits: Sequence[str]) -> str:
    if len(commits) == 1:
        return f"entry {commits[0]}"
    return f"{len(commits)} entries, {commits[0]} to {commits[-1]}"
