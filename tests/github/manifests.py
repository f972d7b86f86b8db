"""GitHub Apps that are made from a manifest: the form in the browser, and the exchange of its code.

Shapes as in GitHub's documentation of the manifest flow; what it refuses as people report it.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.github.actors import EVERYTHING, LEVELS
from tests.github.wire import Answer, NotFound, RefusedError, Request, route

if TYPE_CHECKING:
    from tests.github.governed import GovernedHub

LONGEST_NAME = 34


@route("POST", "/settings/apps/new")
def of_a_person(hub: GovernedHub, request: Request) -> Answer:
    return _create(hub, request)


@route("POST", "/organizations/{organisation}/settings/apps/new")
def of_an_organisation(hub: GovernedHub, request: Request, *, organisation: str) -> Answer:
    if organisation != hub.owner:
        raise NotFound
    return _create(hub, request)


def _create(hub: GovernedHub, request: Request) -> Answer:
    """What follows the click on Create GitHub App."""
    manifest = json.loads(parse_qs(request.content.decode())["manifest"][0])
    _check(manifest)
    code = secrets.token_hex(20)
    hub.manifests[code] = manifest
    return Answer(302, headers={"Location": f"{manifest['redirect_url']}?code={code}"})


def _check(manifest: dict[str, Any]) -> None:
    """What the page refuses."""
    for field in ("name", "url", "redirect_url"):
        if not manifest.get(field):
            raise RefusedError(422, f"{field} cannot be blank")
    if len(manifest["name"]) > LONGEST_NAME:
        raise RefusedError(422, f"Name is too long (maximum is {LONGEST_NAME} characters)")
    if "hook_attributes" in manifest and not manifest["hook_attributes"].get("url"):
        raise RefusedError(422, "Hook url cannot be blank")
    for name, level in manifest.get("default_permissions", {}).items():
        if name not in EVERYTHING or level not in LEVELS:
            raise RefusedError(422, f"Default permission records resource {name} is not included")


@route("POST", "/app-manifests/{code}/conversions")
def convert(hub: GovernedHub, request: Request, *, code: str) -> Answer:
    """Once for each code; who asks does not count."""
    if (manifest := hub.manifests.pop(code, None)) is None:
        raise NotFound
    hub.app_permissions = dict(manifest["default_permissions"])
    slug = manifest["name"].lower().replace(" ", "-")
    return Answer(201, {
        "id": hub.app_id, "slug": slug, "name": manifest["name"], "pem": hub.app_pem,
        "client_id": "Iv1.0", "client_secret": "", "webhook_secret": None,
        "html_url": f"{hub.url}/apps/{slug}", "owner": {"login": hub.owner},
        "permissions": manifest["default_permissions"], "events": manifest["default_events"],
    })  # fmt: skip
