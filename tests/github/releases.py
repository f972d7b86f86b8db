"""Releases and their assets. Bytes are served by another host name, as on GitHub."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.github.wire import Answer, Listed, NotFound, RefusedError, Request, route

if TYPE_CHECKING:
    from tests.github.hub import Hub

ROOT = "/repos/{owner}/{name}/releases"
READ, WRITE, WORKFLOWS = "contents=read", "contents=write", "workflows=write"


def _release(hub: Hub, number: str) -> dict[str, Any]:
    if (found := hub.releases.get(int(number))) is None:
        raise NotFound
    return found


def _asset(hub: Hub, number: str) -> dict[str, Any]:
    for release in hub.releases.values():
        for asset in release["assets"]:
            if asset["id"] == int(number):
                return dict(asset)
    raise NotFound


@route("POST", ROOT, WRITE)
def create(hub: Hub, request: Request, **_: str) -> Answer:
    (tag,) = request.required("tag_name")
    body = request.body
    draft = bool(body.get("draft"))
    if not draft and any(r["tag_name"] == tag and not r["draft"] for r in hub.releases.values()):
        raise RefusedError(
            422, "Validation Failed", resource="Release", field="tag_name", code="already_exists"
        )
    if "target_commitish" in body:
        _target(hub, request, str(body["target_commitish"]))
    number = hub.next_id()
    api = f"{hub.url}/repos/{hub.slug}/releases/{number}"
    made = {
        "id": number, "url": api, "assets_url": f"{api}/assets",
        "upload_url": f"{hub.url}/uploads/repos/{hub.slug}/releases/{number}/assets{{?name,label}}",
        "html_url": f"{hub.url}/{hub.slug}/releases/tag/{tag}", "tag_name": tag,
        "target_commitish": body.get("target_commitish", "main"), "name": body.get("name") or tag,
        "body": body.get("body", ""), "draft": draft, "prerelease": bool(body.get("prerelease")),
        "created_at": hub.now(), "author": hub.actor(request).json(), "assets": [],
        "immutable": False,
    }  # fmt: skip
    if not draft:
        _publish(hub, request, made)
    hub.releases[number] = made
    return Answer(201, made)


def _publish(hub: Hub, request: Request, release: dict[str, Any]) -> None:
    """Publishing makes the tag if it is not there, by the same rules as a push."""
    ref = f"refs/tags/{release['tag_name']}"
    if release["tag_name"] in hub.burned:
        message = "tag_name was used by an immutable release"
        raise RefusedError(422, "Validation Failed", code="custom", message=message)
    release["immutable"] = hub.immutable
    if ref in hub.bare.refs(ref):
        return
    hub.create_ref(request, ref, _target(hub, request, release["target_commitish"]))


def _target(hub: Hub, request: Request, name: str) -> str:
    """The commit of `target_commitish`. It takes a token with `workflows` where the commit touches
    workflows, though git lets the same token push the same tag."""
    commit = hub.bare.commit(name)
    if commit is None:
        raise RefusedError(422, "Validation Failed", field="target_commitish", code="invalid")
    command = ("diff-tree", "--root", "--no-commit-id", "--name-only", "-r", "-m", commit)
    if hub.bare.git(*command, "--", ".github/workflows") and not hub.may(request, WORKFLOWS):
        raise RefusedError(403, "Resource not accessible by integration")
    return commit


@route("GET", ROOT, READ)
def listed(hub: Hub, request: Request, **_: str) -> Listed:
    found = list(reversed(hub.releases.values()))
    return Listed([r for r in found if not r["draft"] or hub.may(request, WRITE)])


@route("GET", ROOT + "/latest", READ)
def latest(hub: Hub, request: Request, **_: str) -> Any:
    for found in reversed(hub.releases.values()):
        if not found["draft"] and not found["prerelease"]:
            return found
    raise NotFound


@route("GET", ROOT + "/tags/{tag*}", READ)
def by_tag(hub: Hub, request: Request, *, tag: str, **_: str) -> Any:
    """A draft has no tag yet, so it is not found here."""
    for found in hub.releases.values():
        if found["tag_name"] == tag and not found["draft"]:
            return found
    raise NotFound


@route("GET", ROOT + "/assets/{number}", READ)
def asset(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    found = _asset(hub, number)
    if request.headers.get("Accept") != "application/octet-stream":
        return found
    there = hub.url.replace("127.0.0.1", "localhost")
    return Answer(302, None, {"Location": f"{there}/storage/{number}?signature=one-time"})


@route("GET", "/storage/{number}")
def storage(hub: Hub, request: Request, *, number: str) -> Answer:
    """The store of bytes refuses a request that is signed twice, as GitHub's does."""
    if "Authorization" in request.headers:
        return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>")
    return Answer(200, hub.bytes[int(number)], {"Content-Type": "application/octet-stream"})


@route("DELETE", ROOT + "/assets/{number}", WRITE)
def delete_asset(hub: Hub, request: Request, *, number: str, **_: str) -> Answer:
    found = _asset(hub, number)
    for release in hub.releases.values():
        release["assets"] = [a for a in release["assets"] if a["id"] != found["id"]]
    return Answer(204)


@route("GET", ROOT + "/{number}", READ)
def get(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    return _release(hub, number)


@route("PATCH", ROOT + "/{number}", WRITE)
def change(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    found, body = _release(hub, number), request.body
    keys = ("tag_name", "target_commitish", "name", "body", "draft", "prerelease")
    changed = found | {key: body[key] for key in keys if key in body}
    if found["draft"] and not changed["draft"]:
        _publish(hub, request, changed)
    found |= changed
    return found


@route("DELETE", ROOT + "/{number}", WRITE)
def delete(hub: Hub, request: Request, *, number: str, **_: str) -> Answer:
    release = hub.releases.pop(_release(hub, number)["id"])
    if release["immutable"]:
        hub.burned.add(release["tag_name"])
    return Answer(204)


@route("GET", ROOT + "/{number}/assets", READ)
def assets(hub: Hub, request: Request, *, number: str, **_: str) -> Listed:
    return Listed(_release(hub, number)["assets"])


@route("POST", "/uploads" + ROOT + "/{number}/assets", WRITE)
def upload(hub: Hub, request: Request, *, number: str, **_: str) -> Answer:
    release, name = _release(hub, number), request.query.get("name", "")
    if not name:
        raise RefusedError(422, "Validation Failed", field="name", code="missing_field")
    if release["immutable"]:
        raise RefusedError(422, "Cannot upload assets to an immutable release.")
    if any(a["name"] == name for a in release["assets"]):
        raise RefusedError(
            422, "Validation Failed", resource="ReleaseAsset", field="name", code="already_exists"
        )
    made = make_asset(hub, release, name, request.content)
    return Answer(201, made)


def make_asset(
    hub: Hub, release: dict[str, Any], name: str, content: bytes, state: str = "uploaded"
) -> dict[str, Any]:
    """`state` is starter for an upload that was cut short."""
    number = hub.next_id()
    hub.bytes[number] = content
    made = {
        "id": number, "name": name, "size": len(content), "state": state, "label": None,
        "url": f"{hub.url}/repos/{hub.slug}/releases/assets/{number}",
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "download_count": 0,
        "content_type": "application/octet-stream", "created_at": hub.now(),
    }  # fmt: skip
    release["assets"].append(made)
    return made
