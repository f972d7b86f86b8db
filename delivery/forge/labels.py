"""Labels of pull requests; one that the repository lacks is made."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

from delivery.github.api import GithubApi
from delivery.github.errors import GithubError

COLOURS = {"promotion": "0e8a16", "rollback": "d73a4a", "environment": "1d76db"}
GREY = "ededed"


class Labels:
    """The labels of the repository `slug`, owner/name."""

    def __init__(self, api: GithubApi, slug: str) -> None:
        self._api = api
        self._root = f"/repos/{slug}"

    def add(
        self, number: int, present: tuple[str, ...], wanted: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Give a pull request the labels that it lacks; all that it has then."""
        missing = [label for label in wanted if label not in present]
        if not missing:
            return present
        for label in missing:
            self._require(label)
        path = f"{self._root}/issues/{number}/labels"
        now = self._api.post(path, {"labels": missing}, adopt=lambda: None)  # twice is once
        return tuple(label["name"] for label in now)

    def _require(self, name: str) -> None:
        """Make the label unless the repository has it."""

        def adopt() -> Any | None:
            try:
                return self._api.get(f"{self._root}/labels/{quote(name, safe='')}")
            except GithubError as error:
                if error.status == httpx.codes.NOT_FOUND:
                    return None
                raise

        colour = COLOURS.get(name.partition(":")[0], GREY)
        if adopt() is None:
            self._api.post(f"{self._root}/labels", {"name": name, "color": colour}, adopt=adopt)
