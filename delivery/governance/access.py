"""Which repository on GitHub this checkout belongs to, and with which token it is spoken to."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from delivery.errors import InputError
from delivery.forge.api import GithubApi
from delivery.git import GitError, Repository

API = "https://api.github.com"
REMOTE = re.compile(
    r"^(?:(?:https?|ssh|git)://)?(?:[^@/]+@)?(?P<host>[^:/]+)(?::\d+(?=/))?[:/]"
    r"(?P<slug>[\w.-]+/[\w.-]+?)(?:\.git)?/?$"
)


@dataclass(frozen=True, slots=True)
class Access:
    """The repository `slug`, owner/name, and a client for its GitHub."""

    slug: str
    api: GithubApi


def on_github(repository: Repository, environ: Mapping[str, str] = os.environ) -> bool:
    """Does this checkout belong to GitHub: by its origin, or because it runs in Actions?"""
    told = environ.get("GITHUB_ACTIONS") or environ.get("GITHUB_API_URL")
    return bool(_slug_of_origin(repository, environ) or (told and _token(environ)))


def access(repository: Repository, environ: Mapping[str, str] = os.environ) -> Access:
    """GitHub as the environment and origin name it. Raises InputError for what is missing."""
    slug = environ.get("GITHUB_REPOSITORY") or _slug_of_origin(repository, environ)
    if not slug:
        raise InputError(
            "origin is not on GitHub. `git remote set-url origin "
            "https://github.com/OWNER/NAME`, or set GITHUB_REPOSITORY=OWNER/NAME"
        )
    token = _token(environ)
    if not token:
        raise InputError(
            f"there is no token for {slug} in GITHUB_TOKEN or GH_TOKEN. "
            "`export GITHUB_TOKEN=$(gh auth token)`, or one made under Settings → Developer "
            "settings; docs/github.md says what it must be allowed"
        )
    return Access(slug, GithubApi(environ.get("GITHUB_API_URL") or API, token))


def _token(environ: Mapping[str, str]) -> str:
    return environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or ""


def _slug_of_origin(repository: Repository, environ: Mapping[str, str]) -> str:
    try:
        url = repository.run("remote", "get-url", "origin")
    except GitError:
        return ""
    own = environ.get("GITHUB_SERVER_URL", "").partition("://")[2]
    found = REMOTE.match(url)
    return found["slug"] if found and found["host"] in {"github.com", "ssh.github.com", own} else ""
