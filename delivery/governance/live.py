"""A repository on GitHub as it is now, compared with what is wanted of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import httpx

from delivery.errors import InputError
from delivery.github.access import Access
from delivery.github.errors import GithubError
from delivery.governance.api import existing, holders
from delivery.governance.billing import UPGRADE, Plan, lacks
from delivery.governance.desired import Facts
from delivery.governance.files import APP_ID
from delivery.governance.plan import Item, Row, compare

NO_RIGHT = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND)
NEEDS = (
    "It takes a token of somebody who administers the repository: a classic one with the scope "
    "`repo`, or a fine-grained one with Administration and Issues: write; Actions, Environments, "
    "Secrets and Variables: read"
)


class Site:
    """What GitHub says, each thing asked once. Raises GithubError, or InputError for a refusal."""

    def __init__(self, access: Access) -> None:
        self.slug = access.slug
        self.api = access.api
        self._holders = holders(access.api, access.slug)

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """The repository itself."""
        with rights():
            about: Mapping[str, Any] = self.api.get(f"/repos/{self.slug}")
            return about

    @cached_property
    def facts(self) -> Facts:
        """What of the policy depends on this repository."""
        app = self.variable(APP_ID)
        if app and not app.isdecimal():
            raise InputError(
                f"the variable {APP_ID} is {app!r}, expected the number on the App's page. "
                f"`gh variable set {APP_ID} --body NUMBER`"
            )
        with rights():
            people = list(self.api.pages(f"/repos/{self.slug}/collaborators"))
        writers = sorted(person["login"] for person in people if person["permissions"].get("push"))
        return Facts(int(app) if app else None, tuple(writers))

    @cached_property
    def plan(self) -> Plan:
        """What GitHub offers this repository. Only what it refuses tells Free from the others."""
        if not self.about.get("private"):
            return Plan.PUBLIC
        try:
            self.api.get(f"/repos/{self.slug}/rulesets", per_page=1)
        except GithubError as error:
            if UPGRADE not in str(error):
                raise
            return Plan.FREE
        return Plan.PAID

    def variable(self, name: str) -> str:
        """A variable of the repository for Actions; empty if it is not set."""
        variable = self.existing(f"actions/variables/{name}")
        return str(variable["value"]) if variable else ""

    def existing(self, path: str) -> Any | None:
        """What is at a path below the repository, or None."""
        with rights():
            return existing(self.api, f"/repos/{self.slug}/{path}")

    def rows(self, items: Iterable[Item]) -> tuple[Row, ...]:
        """Every item compared with what GitHub has."""
        with rights():
            return tuple(self._row(item) for item in items)

    def _row(self, item: Item) -> Row:
        if why := lacks(self.plan, item.kind):
            return Row(item, "left out", why=why)
        return compare(item, self._holders[item.kind].found(item.name))

    def put(self, item: Item) -> None:
        """Make GitHub hold the item as it is wanted. LeftOutError for what cannot be had here."""
        with rights():
            self._holders[item.kind].put(item)


@contextlib.contextmanager
def rights() -> Iterator[None]:
    """Say what a token must be allowed where GitHub refuses it; for a private thing it says 404."""
    try:
        yield
    except GithubError as error:
        if error.status not in NO_RIGHT:
            raise
        message = str(error).partition(". ")[0]
        raise InputError(f"{message}. {NEEDS}. docs/github.md has the list") from error
