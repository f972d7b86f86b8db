"""Who asked for what was merged, and who approved it, where main wants reviews."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from delivery.forge.protocol import Approval
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError

# A plan without rules, or none of them readable.
NO_RULES = (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND)


class Reviews:
    """Those of the repository `slug`, owner/name. Raises GithubError."""

    def __init__(self, api: GithubApi, slug: str) -> None:
        self._api = api
        self._root = f"/repos/{slug}"

    def approval(self, commit: str) -> Approval | None:
        """Of the pull request that came to main as `commit`. A review counts by its author's last
        word, and whoever merges approves too; bots do neither. None where main wants no review."""
        if not self._are_wanted():
            return None
        for raw in self._api.pages(f"{self._root}/commits/{commit}/pulls"):
            if raw["merged_at"] is not None and raw["merge_commit_sha"] == commit:
                return self._of(self._api.get(f"{self._root}/pulls/{raw['number']}"))
        return Approval()

    def _of(self, pull: Mapping[str, Any]) -> Approval:
        number = int(pull["number"])
        words = {
            review["user"]["login"].lower(): review["state"]
            for review in self._api.pages(f"{self._root}/pulls/{number}/reviews")
            if review["user"] and _is_person(review["user"]) and review["state"] != "COMMENTED"
        }
        approved = {login for login, word in words.items() if word == "APPROVED"}
        return Approval(
            number,
            "".join(_people(pull["user"])),
            frozenset({*approved, *_people(pull["merged_by"])}),
        )

    def _are_wanted(self) -> bool:
        try:
            rules = list(self._api.pages(f"{self._root}/rules/branches/main"))
        except GithubError as error:
            if error.status not in NO_RULES:
                raise
            return False
        parameters = [r["parameters"] for r in rules if r["type"] == "pull_request"]
        return any(each["required_approving_review_count"] for each in parameters)


def _people(user: Mapping[str, Any] | None) -> Iterator[str]:
    """The login, in lower case; nothing for a bot, and for an account that is gone."""
    if user and _is_person(user):
        yield str(user["login"]).lower()


def _is_person(user: Mapping[str, Any]) -> bool:
    return bool(user["type"] == "User")
