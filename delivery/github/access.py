"""A client for the repository on GitHub that this checkout belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.errors import InputError
from delivery.github.api import GithubApi
from delivery.settings.host import GitHub


@dataclass(frozen=True, slots=True)
class Access:
    """The repository `slug`, owner/name, and its GitHub."""

    slug: str
    api: GithubApi


def access(github: GitHub | None) -> Access:
    """What the surroundings name. Raises InputError for what is missing."""
    if github is None:
        raise InputError(
            "origin is not on GitHub. `git remote set-url origin https://github.com/OWNER/NAME`; "
            "for a server of your own set GITHUB_SERVER_URL and GITHUB_API_URL too"
        )
    if not github.token:
        raise InputError(
            f"there is no token for {github.slug} in GITHUB_TOKEN or GH_TOKEN. "
            "`export GITHUB_TOKEN=$(gh auth token)`, or one made under Settings → Developer "
            "settings; docs/github.md says what it must be allowed"
        )
    return Access(github.slug, GithubApi(github.api, github.token))
