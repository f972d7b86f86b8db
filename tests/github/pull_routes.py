"""The routes of pull requests and their reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.github import rules
from tests.github.actors import Actor
from tests.github.pulls import PullRecord, pull_json
from tests.github.wire import Answer, Listed, RefusedError, Request, route

if TYPE_CHECKING:
    from tests.github.hub import Hub

ROOT = "/repos/{owner}/{name}/pulls"
READ, WRITE = "pull_requests=read", "pull_requests=write"
NOT_PERMITTED = "GitHub Actions is not permitted to create or approve pull requests."


@route("POST", ROOT, WRITE, people=True)
def create(hub: Hub, request: Request, **_: str) -> Answer:
    actor = hub.actor(request)
    _require_permitted(hub, actor)
    title, head, base = request.required("title", "head", "base")
    if base != "main":
        raise _invalid(field="base", code="invalid")
    slug, ref, sha = _head(hub, request, head)
    owner, main = slug.partition("/")[0], hub.bare.branch("main") or ""
    for other in hub.pulls.values():
        if other.state == "open" and (other.head_repo, other.head_ref) == (slug, ref):
            message = f"A pull request already exists for {owner}:{ref}."
            raise _invalid(code="custom", message=message)
    if hub.bare.is_ancestor(sha, main):
        raise _invalid(code="custom", message=f"No commits between main and {ref}")
    pull = PullRecord(
        hub.next_number(), title, request.body.get("body"), actor, ref, slug, sha, main, hub.now(),
        draft=bool(request.body.get("draft")),
    )  # fmt: skip
    hub.pulls[pull.number] = pull
    hub.bare.update(f"refs/pull/{pull.number}/head", sha)
    hub.happened_to(pull, "opened", request)
    return Answer(201, pull_json(hub, pull, full=True))


def _head(hub: Hub, request: Request, head: str) -> tuple[str, str, str]:
    """Repository, branch and commit of `head`, which may be login:branch of a fork."""
    owner, _, ref = head.rpartition(":")
    name = request.body.get("head_repo", hub.name)  # where one owner has both
    slug = f"{owner or hub.owner}/{name}"
    if slug == hub.slug and not hub.may(request, "contents=read"):
        raise RefusedError(403, "Resource not accessible by integration")
    sha = hub.repos[slug].branch(ref) if slug in hub.repos else None
    if sha is None:
        raise _invalid(field="head", code="invalid")
    hub.bare.copy_from(hub.repos[slug], sha)
    return slug, ref, sha


def _invalid(**error: str) -> RefusedError:
    return RefusedError(422, "Validation Failed", resource="PullRequest", **error)


@route("GET", ROOT, READ)
def listed(hub: Hub, request: Request, **_: str) -> Listed:
    query = {"state": "open", "sort": "created", "direction": "desc"} | request.query
    found = sorted(hub.pulls.values(), key=lambda p: p.number, reverse=query["direction"] == "desc")
    return Listed([
        pull_json(hub, pull, full=False)
        for pull in found
        if query["state"] in ("all", pull.state)
        and query.get("base", "main") == "main"
        and query.get("head", "") in ("", f"{pull.head_repo.partition('/')[0]}:{pull.head_ref}")
    ])  # fmt: skip


@route("GET", ROOT + "/{number}", READ)
def get(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    return pull_json(hub, hub.pull(number), full=True)


@route("PATCH", ROOT + "/{number}", WRITE)
def change(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    pull, body = hub.pull(number), request.body
    pull.title = body.get("title", pull.title)
    pull.body = body.get("body", pull.body)
    state = body.get("state", pull.state)
    if state == "closed" and pull.state == "open":
        hub.close(pull, request)
    elif state == "open" and pull.state == "closed":
        if pull.merged_at or hub.repos[pull.head_repo].branch(pull.head_ref) is None:
            raise RefusedError(422, "Validation Failed", field="state", code="invalid")
        pull.state, pull.closed_at = "open", None
        hub.happened_to(pull, "reopened", request)
    return pull_json(hub, pull, full=True)


@route("PUT", ROOT + "/{number}/merge", "contents=write")
def merge(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    pull, body, actor = hub.pull(number), request.body, hub.actor(request)
    pull_json(hub, pull, full=True)
    if pull.state != "open" or pull.draft or not pull.mergeable:
        raise RefusedError(405, "Pull Request is not mergeable")
    if body.get("sha", pull.head_sha) != pull.head_sha:
        raise RefusedError(409, "Head branch was modified. Review and try the merge again.")
    if body.get("merge_method", "merge") != "merge":
        raise RefusedError(405, "Only merge commits are allowed on this repository.")
    if broken := rules.broken_by_merge(hub, actor, pull):
        raise RefusedError(405, "Repository rule violations found\n\n" + "\n".join(broken))
    files = hub.bare.changed_files(pull.base_sha, pull.head_sha)
    workflows = any(file["filename"].startswith(".github/workflows/") for file in files)
    if workflows and not hub.may(request, "workflows=write"):
        raise RefusedError(403, "refusing to allow a GitHub App to create or update workflow")
    return {
        "sha": hub.merge(pull, request),
        "merged": True,
        "message": "Pull Request successfully merged",
    }


@route("GET", ROOT + "/{number}/files", READ)
def files(hub: Hub, request: Request, *, number: str, **_: str) -> Listed:
    pull = hub.pull(number)
    return Listed(hub.bare.changed_files(pull.base_sha, pull.head_sha))


@route("GET", ROOT + "/{number}/commits", READ)
def commits(hub: Hub, request: Request, *, number: str, **_: str) -> Listed:
    pull = hub.pull(number)
    out = hub.bare.git("rev-list", "--reverse", f"{pull.base_sha}..{pull.head_sha}")
    return Listed([hub.commit_json(sha) for sha in out.split()])


@route("GET", ROOT + "/{number}/reviews", READ)
def reviews(hub: Hub, request: Request, *, number: str, **_: str) -> Listed:
    return Listed(hub.pull(number).reviews)


@route("POST", ROOT + "/{number}/reviews", WRITE, people=True)
def review(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    pull, actor = hub.pull(number), hub.actor(request)
    event = str(request.body.get("event", "COMMENT"))
    if event == "APPROVE" and actor.login == pull.author.login:
        raise RefusedError(422, "Can not approve your own pull request")
    if event == "APPROVE":
        _require_permitted(hub, actor)
    states = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
    made = {
        "id": hub.next_id(), "user": actor.json(), "state": states[event],
        "body": request.body.get("body", ""), "commit_id": pull.head_sha,
        "writes": actor.kind != "actions" and hub.may(request, "contents=write"),
    }  # fmt: skip
    pull.reviews.append(made)
    return made


def _require_permitted(hub: Hub, actor: Actor) -> None:
    if actor.kind == "actions" and not hub.workflow_defaults["can_approve_pull_request_reviews"]:
        raise RefusedError(403, NOT_PERMITTED)
