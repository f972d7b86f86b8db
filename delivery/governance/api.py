"""What GitHub holds, read and written over REST: one class for each kind of thing.

`found` gives a thing as its item has it, or None; `put` makes it so, and is safe to repeat.
Nothing is removed but what makes an item of ours looser than it is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from delivery.errors import InputError
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from delivery.governance.files import APP_ID
from delivery.governance.plan import Item, Kind
from delivery.governance.switches import Switches

Content = Mapping[str, Any]
NOT_INSTALLED = "must be part of the ruleset source"


class Holder(Protocol):
    """One kind of thing. `put` raises LeftOutError for what cannot be had here."""

    def found(self, name: str) -> Content | None: ...

    def put(self, item: Item) -> None: ...


def holders(api: GithubApi, slug: str) -> Mapping[Kind, Holder]:
    """One of each, for the repository `slug`, owner/name."""
    return {
        "setting": Switches(api, slug),
        "label": Labels(api, slug),
        "environment": Environments(api, slug),
        "ruleset": Rulesets(api, slug),
    }


def existing(api: GithubApi, path: str) -> Any | None:
    """What is at `path`; None for 404."""
    try:
        return api.get(path)
    except GithubError as error:
        if error.status != httpx.codes.NOT_FOUND:
            raise
        return None


class _Holder:
    def __init__(self, api: GithubApi, slug: str) -> None:
        self._api = api
        self._path = f"/repos/{slug}"


class Labels(_Holder):
    """Labels. GitHub takes names as equal whatever their case."""

    @cached_property
    def _known(self) -> Mapping[str, Content]:
        return {label["name"].lower(): label for label in self._api.pages(f"{self._path}/labels")}

    def found(self, name: str) -> Content | None:
        label = self._known.get(name.lower())
        return label and {"color": label["color"], "description": label["description"] or ""}

    def put(self, item: Item) -> None:
        where = f"{self._path}/labels/{quote(item.name, safe='')}"
        if item.name.lower() in self._known:
            self._api.patch(where, item.content)
        else:
            body = {"name": item.name, **item.content}
            self._api.post(f"{self._path}/labels", body, adopt=lambda: existing(self._api, where))


class Environments(_Holder):
    """Environments: which branches may use them, and who or what a job has to wait for."""

    def found(self, name: str) -> Content | None:
        environment = existing(self._api, self._where(name))
        if environment is None:
            return None
        rules = {rule["type"]: rule for rule in environment.get("protection_rules", ())}
        reviewers = rules.get("required_reviewers", {}).get("reviewers", [])
        return {
            "branches": self._branches(name, environment["deployment_branch_policy"]),
            "reviewers": [_who(entry["reviewer"]) for entry in reviewers],
            "wait_timer": rules.get("wait_timer", {}).get("wait_timer", 0),
        }

    def put(self, item: Item) -> None:
        """First closed to every branch, then opened to those that are wanted. What waits is sent
        only to take it away: plans that lack it refuse even 0 and []."""
        where, live = self._where(item.name), self.found(item.name) or {}
        self._api.put(where, {
            **{key: item.content[key] for key in ("wait_timer", "reviewers") if live.get(key)},
            "deployment_branch_policy": {
                "protected_branches": False, "custom_branch_policies": True,
            },
        })  # fmt: skip
        known = {_pattern(policy): policy for policy in self._policies(item.name)}
        for pattern in known.keys() - set(item.content["branches"]):
            self._api.delete(f"{where}/deployment-branch-policies/{known[pattern]['id']}")
        for branch in set(item.content["branches"]) - known.keys():
            self._open(item.name, branch)

    def _open(self, name: str, branch: str) -> None:
        """Let a branch use the environment."""

        def adopt() -> Any | None:
            policies = (policy for policy in self._policies(name) if _pattern(policy) == branch)
            return next(policies, None)

        where = f"{self._where(name)}/deployment-branch-policies"
        self._api.post(where, {"name": branch, "type": "branch"}, adopt=adopt)

    def _where(self, name: str) -> str:
        return f"{self._path}/environments/{quote(name, safe='')}"

    def _policies(self, name: str) -> list[Any]:
        return list(self._api.pages(f"{self._where(name)}/deployment-branch-policies"))

    def _branches(self, name: str, policy: Content | None) -> list[str]:
        if policy is None:
            return ["every branch"]
        if policy["protected_branches"]:
            return ["every protected branch"]
        return [_pattern(policy) for policy in self._policies(name)]


class Rulesets(_Holder):
    """Rulesets of the repository itself; those of its organisation are not ours."""

    def _list(self) -> Mapping[str, int]:
        """Names and ids, as of now."""
        return {
            ruleset["name"]: ruleset["id"]
            for ruleset in self._api.pages(f"{self._path}/rulesets")
            if ruleset.get("source_type", "Repository") == "Repository"
        }

    @cached_property
    def _ids(self) -> Mapping[str, int]:
        return self._list()

    def found(self, name: str) -> Content | None:
        if name not in self._ids:
            return None
        ruleset = self._api.get(f"{self._path}/rulesets/{self._ids[name]}")
        keys = ("target", "enforcement", "bypass_actors", "conditions")
        return {
            **{key: ruleset[key] for key in keys if key in ruleset},
            "rules": {rule["type"]: rule.get("parameters", {}) for rule in ruleset["rules"]},
        }

    def put(self, item: Item) -> None:
        rules = [
            {"type": kind, **({"parameters": parameters} if parameters else {})}
            for kind, parameters in item.content["rules"].items()
        ]
        try:
            self._write(item.name, {"name": item.name, **item.content, "rules": rules})
        except GithubError as error:
            if NOT_INSTALLED not in str(error):
                raise
            raise InputError(
                f"the GitHub App that {APP_ID} names is not installed here, so the ruleset "
                f"{item.name} cannot let it by. Install it on this repository (the App's page → "
                "Install App), or mend the variable"
            ) from error

    def _write(self, name: str, body: Content) -> None:
        where = f"{self._path}/rulesets"
        if name in self._ids:
            self._api.put(f"{where}/{self._ids[name]}", body)
        else:
            self._api.post(where, body, adopt=lambda: self._list().get(name))


def _who(reviewer: Content) -> str:
    return str(reviewer.get("login") or reviewer.get("slug"))


def _pattern(policy: Content) -> str:
    kind = policy.get("type", "branch")
    return str(policy["name"]) if kind == "branch" else f"{kind} {policy['name']}"
