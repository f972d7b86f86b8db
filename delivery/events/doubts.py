"""What speaks against believing the events of an environment, and what a person does about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from delivery.errors import HeldError


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
        return "; ".join(self.lines)

    @property
    def lines(self) -> tuple[str, ...]:
        unattested = (f"entry {commit[:12]}: {why}" for commit, why in self.unattested.items())
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
