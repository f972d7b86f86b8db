"""Git objects by REST, and what starts workflows by itself."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.github.bare import GitFailedError
from tests.github.pulls import pull_json
from tests.github.wire import Answer, Listed, NotFound, RefusedError, Request, route

if TYPE_CHECKING:
    from tests.github.hub import Hub

ROOT = "/repos/{owner}/{name}"
READ, WRITE = "contents=read", "contents=write"


@route("GET", ROOT + "/git/ref/{ref*}", READ)
def ref(hub: Hub, request: Request, *, ref: str, **_: str) -> Any:
    found = hub.bare.refs(f"refs/{ref}")
    if f"refs/{ref}" not in found:
        raise NotFound
    return _ref_json(hub, f"refs/{ref}", found[f"refs/{ref}"])


@route("GET", ROOT + "/git/matching-refs/{ref*}", READ)
def matching(hub: Hub, request: Request, *, ref: str, **_: str) -> Listed:
    found = hub.bare.refs()
    return Listed([_ref_json(hub, n, v) for n, v in found.items() if n.startswith(f"refs/{ref}")])


def _ref_json(hub: Hub, name: str, value: str) -> dict[str, Any]:
    kind = hub.bare.git("cat-file", "-t", value)
    return {
        "ref": name, "object": {"type": kind, "sha": value},
        "url": f"{hub.url}/repos/{hub.slug}/git/{name}",
    }  # fmt: skip


@route("POST", ROOT + "/git/refs", WRITE)
def create_ref(hub: Hub, request: Request, **_: str) -> Answer:
    name, sha = request.required("ref", "sha")
    if name in hub.bare.refs(name):
        raise RefusedError(422, "Reference already exists")
    try:
        hub.bare.git("cat-file", "-e", sha)
    except GitFailedError:
        raise RefusedError(422, "Object does not exist") from None
    hub.create_ref(request, name, sha)
    return Answer(201, _ref_json(hub, name, sha))


@route("DELETE", ROOT + "/git/refs/{ref*}", WRITE)
def delete_ref(hub: Hub, request: Request, *, ref: str, **_: str) -> Answer:
    if f"refs/{ref}" not in hub.bare.refs(f"refs/{ref}"):
        raise RefusedError(422, "Reference does not exist")
    hub.delete_ref(request, f"refs/{ref}")
    return Answer(204)


@route("GET", ROOT + "/branches/{branch*}", READ)
def branch(hub: Hub, request: Request, *, branch: str, **_: str) -> Any:
    sha = hub.bare.branch(branch)
    if sha is None:
        raise RefusedError(404, "Branch not found")
    return {"name": branch, "commit": hub.commit_json(sha), "protected": hub.is_protected(branch)}


@route("GET", ROOT + "/branches", READ)
def branches(hub: Hub, request: Request, **_: str) -> Listed:
    found = hub.bare.refs("refs/heads/")
    return Listed(
        [
            {"name": name.removeprefix("refs/heads/"), "commit": {"sha": sha}}
            for name, sha in found.items()
        ]
    )


@route("GET", ROOT + "/contents/{path*}", READ)
def contents(hub: Hub, request: Request, *, path: str, **_: str) -> Any:
    revision = hub.bare.commit(request.query.get("ref", "main"))
    if revision is None:
        raise RefusedError(404, "No commit found for the ref")
    try:
        kind = hub.bare.git("cat-file", "-t", f"{revision}:{path}")
    except GitFailedError:
        raise NotFound from None
    if kind == "tree":
        names = hub.bare.git("ls-tree", "--name-only", f"{revision}:{path}").splitlines()
        return [{"name": name, "path": f"{path}/{name}"} for name in names]
    text = hub.bare.git("cat-file", "blob", f"{revision}:{path}") + "\n"
    if "raw" in request.headers.get("Accept", ""):
        return Answer(200, text.encode())
    sha = hub.bare.git("rev-parse", f"{revision}:{path}")
    content = base64.encodebytes(text.encode()).decode()
    return {"type": "file", "path": path, "sha": sha, "encoding": "base64", "content": content}


@route("GET", ROOT + "/commits/{sha}/pulls", "pull_requests=read")
def of_commit(hub: Hub, request: Request, *, sha: str, **_: str) -> Listed:
    """Those that brought it to main; those that are open and have it are not known here."""
    merged = (p for p in hub.pulls.values() if p.merged_at and p.merge_commit_sha == sha)
    return Listed([pull_json(hub, pull, full=False) for pull in merged])


@route("GET", ROOT + "/commits/{revision*}", READ)
def commit(hub: Hub, request: Request, *, revision: str, **_: str) -> Any:
    sha = hub.bare.commit(revision)
    if sha is None:
        raise RefusedError(422, f"No commit found for SHA: {revision}")
    return hub.commit_json(sha)


@route("GET", ROOT + "/actions/runs", "actions=read")
def runs(hub: Hub, request: Request, **_: str) -> Listed:
    return Listed(hub.runs, "workflow_runs")


@route("GET", ROOT + "/actions/workflows", "actions=read")
def workflows(hub: Hub, request: Request, **_: str) -> Listed:
    """The files of main, by path; GitHub switches off those whose schedule nobody needs."""
    paths = hub.bare.git("ls-tree", "--name-only", "-r", "main", ".github/workflows").splitlines()
    return Listed(
        [
            {"name": path.rpartition("/")[2], "path": path,
             "state": hub.workflow_states.get(path, "active")}
            for path in paths
        ],
        "workflows",
    )  # fmt: skip


@route("GET", ROOT + "/actions/workflows/{workflow}/runs", "actions=read")
def workflow_runs(hub: Hub, request: Request, *, workflow: str, **_: str) -> Listed:
    """Newest first, by branch, commit, event and status."""
    keys = {"branch": "head_branch", "head_sha": "head_sha", "event": "event", "status": "status"}
    asked = {keys[key]: value for key, value in request.query.items() if key in keys}
    asked["path"] = f".github/workflows/{workflow}"
    hits = [run for run in hub.runs if all(run[key] == value for key, value in asked.items())]
    return Listed(hits[::-1], "workflow_runs")


@route("POST", ROOT + "/actions/workflows/{workflow}/dispatches", "actions=write")
def dispatch(hub: Hub, request: Request, *, workflow: str, **_: str) -> Answer:
    """These two start workflows whoever asks, GITHUB_TOKEN too."""
    (name,) = request.required("ref")
    inputs = request.body.get("inputs", {})
    run = {
        "id": hub.next_id(), "path": f".github/workflows/{workflow}", "event": "workflow_dispatch",
        "head_branch": name, "head_sha": hub.bare.branch(name), "status": "queued",
        "conclusion": None,
    }  # fmt: skip
    hub.runs.append(run)
    payload = {
        "ref": f"refs/heads/{name}", "inputs": inputs, "workflow": workflow, "run": run["id"],
    }  # fmt: skip
    hub.happened("workflow_dispatch", request, payload, always=True)
    return Answer(204)


@route("POST", ROOT + "/dispatches", WRITE)
def repository_dispatch(hub: Hub, request: Request, **_: str) -> Answer:
    (kind,) = request.required("event_type")
    payload = {"action": kind, "client_payload": request.body.get("client_payload", {})}
    hub.happened("repository_dispatch", request, payload, always=True)
    return Answer(204)
