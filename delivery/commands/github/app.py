"""`delivery github app`: the page that creates the GitHub App, and the key that GitHub gives for
the code that it answers with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.context import Context
from delivery.errors import InputError
from delivery.files import write_whole
from delivery.github.access import access
from delivery.github.errors import GithubError
from delivery.governance.app import manifest, page
from delivery.governance.files import APP_ID
from delivery.governance.live import Site
from delivery.settings.host import GitHub

FOLDER = "github-app"  # in the workspace, which git ignores
KEY = "DELIVERY_APP_KEY"
CODE = re.compile(r"[?&]code=([^&#]+)")
EXPIRED = (404, 422)


@dataclass(frozen=True, slots=True)
class ManifestResult:
    """The manifest, and the page that sends it to GitHub."""

    manifest: Mapping[str, Any]
    page: Path


@dataclass(frozen=True, slots=True)
class AppResult:
    """The App that GitHub made: its number, its name in addresses, and the file of its key."""

    id: int
    slug: str
    install: str
    key: Path
    environments: tuple[str, ...]

    @property
    def commands(self) -> Sequence[str]:
        """What is left to do, as a person types it."""
        return [
            f"gh variable set {APP_ID} --body {self.id}",
            *(f"gh secret set {KEY} --env {name} < {self.key}" for name in self.environments),
            f"rm {self.key}",
            "delivery github apply",
        ]


def propose(context: Context, *, write: bool = True) -> ManifestResult:
    """Write the page with the manifest; without `write` only say what would stand in it.

    Raises:
        InputError: origin is not on GitHub, or there is no token.
    """
    github, site = _github(context), Site(access(context.surroundings.github))
    result = ManifestResult(manifest(github), context.workspace / FOLDER / "create.html")
    if write:
        organisation = site.about["owner"]["type"] == "Organization"
        write_whole(result.page, page(github, organisation=organisation))
    return result


def receive(context: Context, code: str) -> AppResult:
    """Exchange `code`, or an address with it, for the App's key, which only this user may read.

    Raises:
        InputError: GitHub does not know the code, or knows it no more.
    """
    site = Site(access(context.surroundings.github))
    match = CODE.search(code)
    try:
        app = site.api.post(f"/app-manifests/{match[1] if match else code}/conversions", {})
    except GithubError as error:
        if error.status not in EXPIRED:
            raise
        raise InputError(
            "GitHub does not know this code: it is good once, and for an hour. If the App is "
            "there, generate a key on its page; else run `delivery github app` again"
        ) from error
    key = context.workspace / FOLDER / f"{app['slug']}.pem"
    write_whole(key, app["pem"])
    environments = ("store", *context.snapshot().settings.environments)
    return AppResult(
        app["id"], app["slug"], f"{app['html_url']}/installations/new", key, environments
    )


def _github(context: Context) -> GitHub:
    access(context.surroundings.github)
    assert context.surroundings.github is not None
    return context.surroundings.github
