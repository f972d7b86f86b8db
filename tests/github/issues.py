"""Comments and labels. A pull request is an issue; there are no others here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.github.wire import Answer, Listed, NotFound, RefusedError, Request, route

if TYPE_CHECKING:
    from tests.github.hub import Hub

REPO = "/repos/{owner}/{name}"
ISSUE = REPO + "/issues/{number}"
READ, WRITE = "issues=read; pull_requests=read", "issues=write; pull_requests=write"
LONGEST = 65_536


def _body(request: Request) -> str:
    (body,) = request.required("body")
    if len(body) > LONGEST:
        message = f"Body is too long (maximum is {LONGEST} characters)"
        raise RefusedError(422, "Validation Failed", field="body", code="custom", message=message)
    return str(body)


def _url(hub: Hub, number: int) -> str:
    return f"{hub.url}/repos/{hub.slug}/issues/{number}"


def _comment(hub: Hub, number: str) -> dict[str, Any]:
    if (found := hub.comments.get(int(number))) is None:
        raise NotFound
    return found


@route("GET", ISSUE + "/comments", READ)
def comments(hub: Hub, request: Request, *, number: str, **_: str) -> Listed:
    pull = hub.pull(number)
    return Listed([c for c in hub.comments.values() if c["issue_url"] == _url(hub, pull.number)])


@route("POST", ISSUE + "/comments", WRITE, people=True)
def comment(hub: Hub, request: Request, *, number: str, **_: str) -> Answer:
    pull, actor = hub.pull(number), hub.actor(request)
    made: dict[str, Any] = {
        "id": hub.next_id(), "issue_url": _url(hub, pull.number), "user": actor.json(),
        "body": _body(request), "created_at": hub.now(), "updated_at": hub.now(),
        "performed_via_github_app": {"id": actor.app_id} if actor.app_id else None,
    }  # fmt: skip
    hub.comments[made["id"]] = made
    return Answer(201, made)


@route("GET", REPO + "/issues/comments/{number}", READ)
def get_comment(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    return _comment(hub, number)


@route("PATCH", REPO + "/issues/comments/{number}", WRITE, people=True)
def change_comment(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    found = _comment(hub, number)
    mine = found["user"]["login"] == hub.actor(request).login
    if not mine and not hub.may(request, WRITE):
        raise RefusedError(403, "Must have write access")
    found |= {"body": _body(request), "updated_at": hub.now()}
    return found


@route("DELETE", REPO + "/issues/comments/{number}", WRITE)
def delete_comment(hub: Hub, request: Request, *, number: str, **_: str) -> Answer:
    del hub.comments[_comment(hub, number)["id"]]
    return Answer(204)


@route("GET", ISSUE + "/labels", READ)
def issue_labels(hub: Hub, request: Request, *, number: str, **_: str) -> Listed:
    return Listed([hub.labels[label] for label in hub.pull(number).labels])


@route("POST", ISSUE + "/labels", WRITE)
def add_labels(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    """As GitHub does, a label that is not there yet is made, in grey."""
    pull = hub.pull(number)
    for label in request.required("labels")[0]:
        if label not in hub.labels:
            make_label(hub, label)
        if label not in pull.labels:
            pull.labels.append(label)
            hub.happened_to(pull, "labeled", request, label=hub.labels[label])
    return [hub.labels[label] for label in pull.labels]


@route("DELETE", ISSUE + "/labels/{label}", WRITE)
def remove_label(hub: Hub, request: Request, *, number: str, label: str, **_: str) -> Any:
    pull = hub.pull(number)
    if label not in pull.labels:
        raise RefusedError(404, "Label does not exist")
    pull.labels.remove(label)
    hub.happened_to(pull, "unlabeled", request, label=hub.labels[label])
    return [hub.labels[label] for label in pull.labels]


def make_label(hub: Hub, name: str, color: str = "ededed", description: str = "") -> Any:
    hub.labels[name] = {
        "id": hub.next_id(), "name": name, "color": color, "description": description,
        "url": f"{hub.url}/repos/{hub.slug}/labels/{name}", "default": False,
    }  # fmt: skip
    return hub.labels[name]


@route("GET", REPO + "/labels", READ)
def labels(hub: Hub, request: Request, **_: str) -> Listed:
    return Listed(list(hub.labels.values()))


@route("GET", REPO + "/labels/{label}", READ)
def label(hub: Hub, request: Request, *, label: str, **_: str) -> Any:
    if label not in hub.labels:
        raise NotFound
    return hub.labels[label]


@route("POST", REPO + "/labels", WRITE)
def create_label(hub: Hub, request: Request, **_: str) -> Answer:
    (name,) = request.required("name")
    body = request.body
    if name in hub.labels:
        raise RefusedError(
            422, "Validation Failed", resource="Label", field="name", code="already_exists"
        )
    if len(name) > 50:
        raise RefusedError(422, "Validation Failed", resource="Label", field="name", code="invalid")
    if not re.fullmatch(r"[0-9a-fA-F]{6}", body.get("color", "ededed")):
        raise RefusedError(
            422, "Validation Failed", resource="Label", field="color", code="invalid"
        )
    made = make_label(hub, name, body.get("color", "ededed"), body.get("description", ""))
    return Answer(201, made)


@route("PATCH", REPO + "/labels/{label}", WRITE)
def change_label(hub: Hub, request: Request, *, label: str, **_: str) -> Any:
    if label not in hub.labels:
        raise NotFound
    found, body = hub.labels[label], request.body
    found |= {key: body[key] for key in ("color", "description") if key in body}
    return found
