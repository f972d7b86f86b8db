"""A comment that is written once and then updated, known by a hidden first line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from delivery.forge.protocol import LONGEST
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError

REPORT = "<!-- delivery:report -->"
CLOSED = "<!-- delivery:closed -->"


class StickyComments:
    """The comments of one repository that are ours.

    Ours is one that begins with the marker and was written by a bot or by the owner of the token:
    what a person wrote is never changed, though they quote or copy one of ours.
    """

    def __init__(self, api: GithubApi, slug: str, *, rest: str) -> None:
        self._api = api
        self._root = f"/repos/{slug}"
        self._rest = rest
        self._login: str | None = None

    def read(self, number: int, marker: str) -> str:
        """The text below the marker; empty if there is no such comment."""
        comment = self._find(number, marker)
        return str(comment["body"]).replace("\r\n", "\n").partition("\n")[2] if comment else ""

    def write(self, number: int, marker: str, text: str) -> None:
        """Write the comment, or make the one that is there say `text`."""
        body = f"{marker}\n{cut(text, self._rest)}"
        comment = self._find(number, marker) or self._api.post(
            f"{self._root}/issues/{number}/comments",
            {"body": body},
            adopt=lambda: self._find(number, marker),
        )
        if str(comment["body"]).replace("\r\n", "\n") != body:
            self._api.patch(f"{self._root}/issues/comments/{comment['id']}", {"body": body})

    def _find(self, number: int, marker: str) -> Mapping[str, Any] | None:
        """The first comment that is ours."""
        for comment in self._api.pages(f"{self._root}/issues/{number}/comments"):
            first = str(comment["body"] or "").lstrip("\ufeff").splitlines()[:1]
            if first == [marker] and self._wrote(comment["user"] or {}):
                return dict(comment)
        return None

    def _wrote(self, user: Mapping[str, Any]) -> bool:
        return user.get("type") == "Bot" or user.get("login") == self._me()

    def _me(self) -> str:
        """Who the token is; empty for a bot, which may not ask."""
        if self._login is None:
            try:
                self._login = str(self._api.get("/user")["login"])
            except GithubError as error:
                if error.status not in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
                    raise
                self._login = ""
        return self._login


def cut(text: str, rest: str) -> str:
    """At most LONGEST characters, whole lines, with a last one that says where the rest is."""
    if len(text) <= LONGEST:
        return text
    end = f"\n\n*The report is longer than a comment may be; it is cut here. The rest: {rest}*\n"
    kept = text[: LONGEST - len(end) - 64]
    kept = kept[: kept.rfind("\n") + 1] or kept
    if sum(line.startswith("```") for line in kept.splitlines()) % 2:
        kept += "```\n"
    kept += "</details>" * max(0, kept.count("<details") - kept.count("</details>"))
    return kept[: LONGEST - len(end)] + end
