"""The template's governance files on main of a repository on the tests' GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from delivery.context import Context
from delivery.governance.codeowners import FILE, Owners, codeowners
from delivery.governance.files import APP_ID
from tests.delivery.governance.files import texts
from tests.github.governed import GovernedHub
from tests.origin import Origin

CI = ".github/workflows/ci.yml"
JOBS = """\
on: [pull_request]
jobs:
  test: {}
  ci: { name: "${{ github.event_name == 'x' && 'y' || 'ci' }}", needs: [test] }
"""
ELSE = ("GITHUB_ACTIONS", "GH_TOKEN", "DELIVERY_APP_TOKEN", "DEPLOY_RUNNER")


@dataclass
class Governed:
    """A checkout and its GitHub. `said` is what the commands told while they worked."""

    origin: Origin
    hub: GovernedHub
    said: list[str] = field(default_factory=list)

    @property
    def context(self) -> Context:
        return Context(self.origin.path, self.said.append)

    def token(self, monkeypatch: pytest.MonkeyPatch, login: str) -> None:
        """Work with the token of somebody."""
        who = self.hub.person(login, self.hub.people[login])
        monkeypatch.setenv("GITHUB_TOKEN", self.hub.token(who))

    def push(self, files: dict[str, str]) -> None:
        """Put files on main past the rules, as nobody could."""
        for name, text in files.items():
            (self.origin.path / name).write_text(text, encoding="utf-8")
        self.origin.git("add", "--all")
        self.origin.git("commit", "--quiet", "-m", "Change")
        self.origin.git("push", "--quiet", str(self.origin.bare), "HEAD:main")

    def with_app(self) -> None:
        self.hub.variables[APP_ID] = str(self.hub.app_id)

    def ruleset(self, name: str) -> dict[str, dict[str, object]]:
        """The rules of a ruleset as GitHub has them now: type → parameters."""
        found = next(r for r in self.hub.rulesets.values() if r["name"] == name)
        return {rule["type"]: rule.setdefault("parameters", {}) for rule in found["rules"]}


@contextmanager
def governed(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Governed]:
    """Two people who can write, one of them an admin with whose token it works; nothing applied."""
    made = codeowners(Owners(owners=["@acme/platform"]))
    origin.push({**texts(), FILE: made, CI: JOBS}, "Govern")
    with GovernedHub(origin.bare, ada="admin", grace="write", alan="read") as hub:
        for name in ELSE:
            monkeypatch.delenv(name, raising=False)
        for name in ("GITHUB_SERVER_URL", "GITHUB_API_URL"):
            monkeypatch.setenv(name, hub.url)
        origin.git("remote", "set-url", "origin", hub.clone_url())
        world = Governed(origin, hub)
        world.token(monkeypatch, "ada")
        yield world
