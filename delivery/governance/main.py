"""What main's files say about GitHub, each read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from delivery.governance.codeowners import FILE, SOURCE, codeowners, parse_owners, read_codeowners
from delivery.governance.desired import Facts, wanted
from delivery.governance.files import Policy, read_policy
from delivery.governance.plan import Item
from delivery.settings.policy import Settings
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout


class Main:
    """origin/main, fetched when it is first asked. Raises InputError."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._git = checkout.repository

    @cached_property
    def _snapshot(self) -> Snapshot:
        return self._checkout.snapshot()

    @property
    def settings(self) -> Settings:
        return self._snapshot.settings

    @cached_property
    def policy(self) -> Policy:
        return read_policy(self._git, self._snapshot.commit)

    @cached_property
    def owners(self) -> Mapping[str, tuple[str, ...]]:
        """CODEOWNERS: pattern → its owners."""
        return read_codeowners(self.text(FILE))

    @property
    def owners_are_made(self) -> bool:
        """Is CODEOWNERS what owners.yml makes? True where there is no owners.yml."""
        source = self.text(SOURCE)
        return not source or codeowners(parse_owners(source)) == self.text(FILE)

    def text(self, path: str) -> str:
        """A file; empty where it is not there."""
        return self._git.read(self._snapshot.commit, path) or ""

    def wanted(self, facts: Facts) -> tuple[Item, ...]:
        """Everything that GitHub is to hold."""
        return wanted(self.policy, self.settings, facts)
