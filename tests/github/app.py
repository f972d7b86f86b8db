"""The GitHub App of a repository: its JWT, its installation, and the tokens it gets."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt

from tests.github.actors import LEVELS
from tests.github.wire import Answer, Listed, NotFound, RefusedError, Request, route

if TYPE_CHECKING:
    from tests.github.hub import Hub

INSTALLATION = 4711
LONGEST_S = 600


def _claims(hub: Hub, request: Request) -> None:
    """401 unless the request has a JWT of the App, as GitHub judges it."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or value.count(".") != 2:
        raise RefusedError(401, "A JSON web token could not be decoded")
    options: Any = {"require": ["iat", "exp", "iss"], "verify_iat": False}
    try:
        claims = jwt.decode(value, hub.app_public_key, algorithms=["RS256"], options=options)
    except jwt.PyJWTError as error:
        raise RefusedError(401, f"A JSON web token could not be decoded: {error}") from error
    if str(claims["iss"]) != str(hub.app_id):
        raise RefusedError(404, "Integration not found")
    now = time.time()
    if claims["iat"] > now + 60:
        raise RefusedError(
            401,
            "'Issued at' claim ('iat') must be the time that the assertion was issued",
        )
    if claims["exp"] > now + LONGEST_S + 60:
        raise RefusedError(401, "'Expiration time' claim ('exp') is too far in the future")


def _installation(hub: Hub) -> dict[str, Any]:
    return {
        "id": INSTALLATION, "app_id": hub.app_id, "app_slug": hub.app_actor.login[:-5],
        "account": {"login": hub.owner}, "permissions": hub.app_permissions,
        "repository_selection": "selected",
        "access_tokens_url": f"{hub.url}/app/installations/{INSTALLATION}/access_tokens",
    }  # fmt: skip


@route("GET", "/app")
def app(hub: Hub, request: Request) -> Any:
    _claims(hub, request)
    slug = hub.app_actor.login[:-5]
    return {"id": hub.app_id, "slug": slug, "name": slug, "permissions": hub.app_permissions}


@route("GET", "/app/installations")
def installations(hub: Hub, request: Request) -> Listed:
    _claims(hub, request)
    return Listed([_installation(hub)])


@route("GET", "/repos/{owner}/{name}/installation")
def installation(hub: Hub, request: Request, *, owner: str, name: str) -> Any:
    _claims(hub, request)
    if f"{owner}/{name}" != hub.slug:
        raise NotFound
    return _installation(hub)


@route("GET", "/users/{login}/installation")
def user_installation(hub: Hub, request: Request, *, login: str) -> Any:
    _claims(hub, request)
    if login != hub.owner:
        raise NotFound
    return _installation(hub)


@route("POST", "/app/installations/{number}/access_tokens")
def access_token(hub: Hub, request: Request, *, number: str) -> Answer:
    _claims(hub, request)
    if int(number) != INSTALLATION:
        raise NotFound
    asked = request.body.get("permissions") or hub.app_permissions
    for name, level in asked.items():
        if LEVELS[hub.app_permissions.get(name, "none")] < LEVELS[level]:
            raise RefusedError(422, "The permissions are not granted to this installation.")
    for name in request.body.get("repositories", []):
        if name != hub.name:
            raise RefusedError(
                422, "There is at least one repository that does not exist or is not accessible"
            )
    token = hub.token(hub.app_actor, asked)
    expires = datetime.now(UTC) + timedelta(hours=1)
    return Answer(201, {
        "token": token, "expires_at": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "permissions": asked, "repository_selection": "selected",
    })  # fmt: skip


@route("DELETE", "/installation/token")
def revoke(hub: Hub, request: Request) -> Answer:
    """What create-github-app-token does when its job ends."""
    if request.token is None or request.token.actor.kind != "app":
        raise RefusedError(403, "Resource not accessible by integration")
    request.token.expired = True
    return Answer(204)


@route("GET", "/installation/repositories")
def repositories(hub: Hub, request: Request) -> Listed:
    if request.token is None or request.token.actor.kind == "person":
        raise RefusedError(403, "You must authenticate with an installation access token.")
    return Listed([hub.repository_json(hub.slug)], "repositories")


@route("GET", "/user")
def user(hub: Hub, request: Request) -> Any:
    if request.token is None:
        raise RefusedError(401, "Requires authentication")
    if request.token.actor.kind != "person":
        raise RefusedError(403, "Resource not accessible by integration")
    return request.token.actor.json()
