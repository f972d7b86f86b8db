"""Rulesets, enforced: what a push or a merge breaks.

Known rules: creation, update, deletion, non_fast_forward, pull_request (required approvals, of
the last push), required_status_checks (strict too). Review by code owners counts as a review by
anyone who may write. The others are kept and not enforced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.github import checks as counted
from tests.github.actors import ACTIONS_ID, ROLE_IDS, Actor
from tests.github.bare import ZERO

if TYPE_CHECKING:
    from tests.github.pulls import PullRecord
    from tests.github.state import State

PUSHES = {
    "creation": "Cannot create ref due to creations being restricted.",
    "update": "Cannot update this protected ref.",
    "deletion": "Cannot delete this protected ref.",
    "pull_request": "Changes must be made through a pull request.",
}


def protected(app_id: int, *, reviews: int = 0, checks: tuple[str, ...] = ()) -> list[Any]:
    """What this template asks for: main by pull request, promo tags by Actions or the App, forever.

    The creation rule has an organization as its source: GitHub does not let a repository's own
    ruleset name the Actions App (see `settings.create_ruleset`).
    """
    main: list[dict[str, Any]] = [
        {"type": "deletion"},
        {"type": "non_fast_forward"},
        {"type": "pull_request", "parameters": {"required_approving_review_count": reviews}},
    ]
    if checks:
        required = [{"context": name} for name in checks]
        parameters = {
            "strict_required_status_checks_policy": True,
            "required_status_checks": required,
        }
        main.append({"type": "required_status_checks", "parameters": parameters})
    bots = [
        {"actor_id": number, "actor_type": "Integration", "bypass_mode": "always"}
        for number in (ACTIONS_ID, app_id)
    ]
    promo = ["refs/tags/promo/**/*"]
    return [
        ruleset("main", "branch", ["~DEFAULT_BRANCH"], main),
        ruleset("promo made by machines", "tag", promo, [{"type": "creation"}], bots)
        | {"source_type": "Organization"},
        ruleset("promo forever", "tag", promo, [{"type": "update"}, {"type": "deletion"}]),
    ]


def ruleset(
    name: str, target: str, include: list[str], rules: list[Any], bypass: list[Any] | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "target": target,
        "enforcement": "active",
        "bypass_actors": bypass or [],
        "conditions": {"ref_name": {"include": include, "exclude": []}},
        "rules": rules,
    }


def broken_by_push(hub: State, actor: Actor, ref: str, old: str, new: str) -> list[str]:
    """Why the rules refuse to move `ref` from `old` to `new`; ZERO for not there."""
    happens = "creation" if old == ZERO else "deletion" if new == ZERO else "update"
    broken = []
    for rule in _rules(hub, actor, ref, pull=False):
        kind = rule["type"]
        if kind == happens or (kind == "pull_request" and new != ZERO):
            broken.append(PUSHES[kind])
    return broken


def must_fast_forward(hub: State, actor: Actor, ref: str) -> bool:
    return any(rule["type"] == "non_fast_forward" for rule in _rules(hub, actor, ref, pull=False))


def broken_by_merge(hub: State, actor: Actor, pull: PullRecord) -> list[str]:
    """Why the rules of main refuse to merge."""
    broken = []
    for rule in _rules(hub, actor, "refs/heads/main", pull=True):
        parameters = rule.get("parameters", {})
        if rule["type"] == "update":
            broken.append(PUSHES["update"])
        if rule["type"] == "pull_request":
            wanted = int(parameters.get("required_approving_review_count", 0))
            if parameters.get("require_code_owner_review"):
                wanted = max(1, wanted)
            if len(pull.approvals()) < wanted:
                broken.append(
                    f"At least {wanted} approving review is required by reviewers with write "
                    "access."
                )
        if rule["type"] == "required_status_checks":
            broken += _missing_checks(hub, pull, parameters)
    return broken


def _missing_checks(hub: State, pull: PullRecord, parameters: dict[str, Any]) -> Iterator[str]:
    yield from counted.missing(hub, pull, parameters["required_status_checks"])
    main = hub.bare.branch("main") or ""
    if parameters.get("strict_required_status_checks_policy") and not hub.bare.is_ancestor(
        main, pull.head_sha
    ):
        yield "This branch must be up to date with main."


def _rules(hub: State, actor: Actor, ref: str, *, pull: bool) -> Iterator[dict[str, Any]]:
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    for found in hub.rulesets.values():
        if found["enforcement"] != "active" or found["target"] != kind:
            continue
        if matches(found, ref) and not _bypasses(found, actor, pull=pull):
            yield from found["rules"]


def matches(found: dict[str, Any], ref: str) -> bool:
    names = found["conditions"]["ref_name"]
    return any(_fits(p, ref) for p in names["include"]) and not any(
        _fits(p, ref) for p in names["exclude"]
    )


def _fits(pattern: str, ref: str) -> bool:
    """As Ruby's fnmatch with FNM_PATHNAME: only `**/` crosses a slash, `**` at the end does not."""
    if pattern == "~ALL":
        return True
    if pattern == "~DEFAULT_BRANCH":
        return ref == "refs/heads/main"
    parts = re.split(r"(\*\*/|\*+|\?)", pattern)
    special = {"**/": "(?:[^/]+/)*", "?": "[^/]"}
    text = "".join(
        special.get(part, "[^/]*" if part.startswith("*") else re.escape(part)) for part in parts
    )
    return re.fullmatch(text, ref) is not None


def _bypasses(found: dict[str, Any], actor: Actor, *, pull: bool) -> bool:
    for entry in found["bypass_actors"]:
        if entry["bypass_mode"] == "pull_request" and not pull:
            continue
        if entry["actor_type"] == "Integration" and entry["actor_id"] == actor.app_id:
            return True
        role = ROLE_IDS.get(actor.role) if actor.kind == "person" else None
        if entry["actor_type"] == "RepositoryRole" and entry["actor_id"] == role:
            return True
    return False
