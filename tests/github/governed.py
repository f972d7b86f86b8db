"""A GitHub with people, secrets, runners and code owners: what `Hub` itself has no need of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from delivery.governance.codeowners import FILE, read_codeowners
from tests.github import manifests
from tests.github.bare import GitFailedError
from tests.github.hub import Hub
from tests.github.plans import require_environment_secrets, require_rulesets
from tests.github.rules import matches
from tests.github.wire import Listed, NotFound, Request, route

ROUTED = (manifests,)  # importing it registers its routes
ROOT = "/repos/{owner}/{name}"
RIGHTS: Mapping[str, tuple[str, ...]] = {
    "read": ("pull",),
    "write": ("pull", "triage", "push"),
    "admin": ("pull", "triage", "push", "maintain", "admin"),
}


class GovernedHub(Hub):
    """`people` are logins and their roles; `secrets` are (environment or empty, name)."""

    def __init__(self, bare: Path, **people: str) -> None:
        super().__init__(bare, rulesets=())
        self.people = people
        self.workflow_defaults["can_approve_pull_request_reviews"] = False  # as in a new repository
        self.secrets: set[tuple[str, str]] = set()
        self.runners: list[dict[str, Any]] = []
        self.manifests: dict[str, dict[str, Any]] = {}  # code → what an App is made of


@route("GET", ROOT + "/collaborators", "metadata=read")
def collaborators(hub: GovernedHub, request: Request, **_: str) -> Listed:
    every = RIGHTS["admin"]
    return Listed([
        {**hub.person(login, role).json(), "role_name": role,
         "permissions": {right: right in RIGHTS[role] for right in every}}
        for login, role in hub.people.items()
    ])  # fmt: skip


@route("GET", ROOT + "/rules/branches/{branch}", "metadata=read")
def branch_rules(hub: GovernedHub, request: Request, *, branch: str, **_: str) -> Listed:
    """The active rules of every ruleset that fits, an organisation's too."""
    require_rulesets(hub)
    active = (found for found in hub.rulesets.values() if found["enforcement"] == "active")
    return Listed([
        rule | {"ruleset_id": found["id"], "ruleset_source_type": found["source_type"]}
        for found in active
        if found["target"] == "branch" and matches(found, f"refs/heads/{branch}")
        for rule in found["rules"]
    ])  # fmt: skip


@route("GET", ROOT + "/codeowners/errors", "contents=read")
def codeowners_errors(hub: GovernedHub, request: Request, **_: str) -> Any:
    """Logins that nobody here has. A path without an owner is no error to GitHub."""
    try:
        text = hub.bare.git("show", f"main:{FILE}")
    except GitFailedError:
        raise NotFound from None
    errors = []
    for pattern, names in read_codeowners(text).items():
        line = next(n for n, x in enumerate(text.splitlines(), 1) if x.startswith(pattern))
        errors += [
            {"line": line, "column": 1, "kind": "Unknown owner", "path": FILE, "suggestion": None,
             "source": f"{pattern} {name}", "message": f"Unknown owner on line {line}"}
            for name in names
            if "/" not in name and name.removeprefix("@") not in hub.people
        ]  # fmt: skip
    return {"errors": errors}


@route("GET", ROOT + "/actions/secrets/{secret}", "secrets=read")
def secret(hub: GovernedHub, request: Request, *, secret: str, **_: str) -> Any:
    return _secret(hub, "", secret)


@route("GET", ROOT + "/environments/{environment}/secrets/{secret}", "environments=read")
def environment_secret(
    hub: GovernedHub, request: Request, *, environment: str, secret: str, **_: str
) -> Any:
    return _secret(hub, environment, secret)


def _secret(hub: GovernedHub, environment: str, name: str) -> Any:
    if environment:
        require_environment_secrets(hub)
    if (environment, name) not in hub.secrets:
        raise NotFound
    return {"name": name, "created_at": hub.now(), "updated_at": hub.now()}


@route("GET", ROOT + "/actions/runners", "administration=read")
def runners(hub: GovernedHub, request: Request, **_: str) -> Listed:
    return Listed(hub.runners, "runners")
