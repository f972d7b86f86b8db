"""Settings of the repository on GitHub: switches that are on or off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from delivery.errors import InputError
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from delivery.governance.plan import Item

OPENS = "can_approve_pull_request_reviews"  # GitHub's one switch for approving and opening
WHERE = {"repository": "", "workflows": "/actions/permissions/workflow"}
FORBIDDEN = (
    "the organisation forbids Actions to open pull requests, so only a GitHub App can open those "
    "of the loop. An owner of the organisation allows it under Settings → Actions → General, or "
    "give the repository an App"
)


class LeftOutError(InputError):
    """GitHub cannot hold a thing here, or a part of it; the rest of it was written."""


class Switches:
    """Settings of the repository. They are always there."""

    def __init__(self, api: GithubApi, slug: str) -> None:
        self._api = api
        self._path = f"/repos/{slug}"

    def found(self, name: str) -> Mapping[str, Any] | None:
        content: Mapping[str, Any] = self._api.get(self._path + WHERE[name])
        return content

    def put(self, item: Item) -> None:
        send = self._api.patch if item.name == "repository" else self._api.put
        try:
            send(self._path + WHERE[item.name], item.content)
        except GithubError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            send(self._path + WHERE[item.name], {**item.content, OPENS: False})
            raise LeftOutError(FORBIDDEN) from error
