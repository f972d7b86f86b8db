"""Who asks: people by role, GITHUB_TOKEN, an App, and what each may."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACTIONS = "github-actions[bot]"
ACTIONS_ID = 15368  # the App behind GITHUB_TOKEN, on github.com
LEVELS = {"none": 0, "read": 1, "write": 2, "admin": 3}
ROLE_IDS = {"admin": 5, "maintain": 2, "write": 4}  # of RepositoryRole in bypass_actors
WRITE = (
    "contents", "pull_requests", "issues", "checks", "statuses", "actions", "actions_variables",
)  # fmt: skip
OF_JOBS = (
    "packages",
    "attestations",
    "id_token",
    "security_events",
)  # what no person's token is asked for
EVERYTHING = (
    *WRITE, *OF_JOBS, "administration", "environments", "metadata", "secrets", "workflows",
)  # fmt: skip
# What a workflow's `permissions:` cannot grant.
NEVER_TO_ACTIONS = ("administration", "workflows", "actions_variables", "environments", "secrets")

Permissions = Mapping[str, str]


@dataclass(frozen=True)
class Actor:
    """An account. `kind` is person, actions or app; `app_id` of the App that a bot belongs to."""

    login: str
    kind: str = "person"
    role: str = "none"
    app_id: int | None = None

    def json(self) -> dict[str, Any]:
        bot = self.kind != "person"
        return {
            "login": self.login,
            "id": sum(map(ord, self.login)),
            "type": "Bot" if bot else "User",
            "site_admin": False,
        }


@dataclass
class Token:
    """A credential of an actor."""

    actor: Actor
    permissions: Permissions
    value: str = field(default_factory=lambda: f"ghs_{secrets.token_hex(18)}")
    expired: bool = False

    def may(self, needs: str) -> bool:
        """`needs` is one or more of `contents=write`, of which one is enough, or empty."""
        if not needs:
            return True
        return any(self._has(*part.strip().split("=")) for part in needs.split(";"))

    def _has(self, name: str, level: str) -> bool:
        granted = self.permissions.get(name, "none")
        if name == "metadata" and self.permissions:
            granted = "read"
        return LEVELS[granted] >= LEVELS[level]

    @property
    def triggers(self) -> bool:
        """What GITHUB_TOKEN does starts no workflow."""
        return self.actor.kind != "actions"


def granted(actor: Actor, asked: Permissions | None) -> dict[str, str]:
    """The permissions of a token: those asked for, or for a person those of the role."""
    if asked is not None:
        names = {name.replace("-", "_"): level for name, level in asked.items()}
        unknown = set(names) - set(EVERYTHING)
        if actor.kind == "actions":
            unknown |= set(names) & set(NEVER_TO_ACTIONS)
        if unknown:
            raise ValueError(f"no token of {actor.login} gets {', '.join(sorted(unknown))}")
        return names
    if actor.role == "admin":
        return dict.fromkeys(EVERYTHING, "write")
    if actor.role == "write":
        return {"metadata": "read", "workflows": "write", **dict.fromkeys(WRITE, "write")}
    return dict.fromkeys((*WRITE, "metadata"), "read")
