"""Check runs and commit statuses, and which of them a required check counts.

GitHub counts the check runs of suites that are attached to the pull request, so those of a
dispatched run do not count, though it is of the same commit and they have the same name. A commit
status counts for whoever wrote it. Where a run and a status share a name, both are required.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.github.wire import Answer, Listed, NotFound, RefusedError, Request, route

if TYPE_CHECKING:
    from tests.github.hub import Hub
    from tests.github.pulls import PullRecord
    from tests.github.state import State

ROOT = "/repos/{owner}/{name}"
ATTACHED = ("pull_request", "merge_group")  # the events whose runs belong to a pull request
GOOD = ("success", "skipped", "neutral")
STATES = ("error", "failure", "pending", "success")


def report_run(hub: State, name: str, commit: str, event: str, conclusion: str) -> None:
    """The check run of a job of a workflow that `event` started."""
    hub.checks.append(
        {"id": hub.next_id(), "name": name, "head_sha": commit, "status": "completed",
         "conclusion": conclusion, "event": event}
    )  # fmt: skip


def missing(hub: State, pull: PullRecord, required: list[dict[str, Any]]) -> Iterator[str]:
    """Why required checks keep a pull request from being merged."""
    for check in required:
        results = _results(hub, pull.head_sha, check["context"])
        if not results:
            yield f'Required status check "{check["context"]}" is expected.'
        elif not all(result in GOOD for result in results):
            yield f'Required status check "{check["context"]}" is failing.'


def _results(hub: State, commit: str, name: str) -> list[str | None]:
    """The newest attached check run and the newest status of that name, where there are such."""
    runs = [
        run["conclusion"]
        for run in hub.checks
        if (run["head_sha"], run["name"]) == (commit, name) and run["event"] in ATTACHED
    ]
    states = [
        status["state"]
        for status in hub.statuses
        if (status["sha"], status["context"]) == (commit, name)
    ]
    return [*runs[-1:], *states[-1:]]


@route("POST", ROOT + "/check-runs", "checks=write")
def create_check(hub: Hub, request: Request, **_: str) -> Answer:
    """One that an App makes is attached to nothing that is known of here."""
    if hub.actor(request).kind == "person":
        raise RefusedError(403, "You must authenticate via a GitHub App.")
    name, sha = request.required("name", "head_sha")
    made = {"conclusion": None, "status": "queued", "output": {}} | request.body
    made |= {"id": hub.next_id(), "name": name, "head_sha": sha, "event": ""}
    if made["conclusion"]:
        made["status"] = "completed"
    hub.checks.append(made)
    return Answer(201, made)


@route("PATCH", ROOT + "/check-runs/{number}", "checks=write")
def change_check(hub: Hub, request: Request, *, number: str, **_: str) -> Any:
    for found in hub.checks:
        if found["id"] == int(number):
            found |= request.body
            return found
    raise NotFound


@route("GET", ROOT + "/commits/{revision*}/check-runs", "checks=read")
def check_runs(hub: Hub, request: Request, *, revision: str, **_: str) -> Listed:
    sha = hub.bare.commit(revision)
    return Listed([run for run in hub.checks if run["head_sha"] == sha], "check_runs")


@route("POST", ROOT + "/statuses/{sha}", "statuses=write")
def create_status(hub: Hub, request: Request, *, sha: str, **_: str) -> Answer:
    (state,) = request.required("state")
    if state not in STATES or hub.bare.commit(sha) is None:
        raise RefusedError(422, "Validation Failed", field="state", code="custom")
    made = {"id": hub.next_id(), "sha": sha, "context": "default", "description": None}
    made |= request.body | {"creator": hub.actor(request).json(), "created_at": hub.now()}
    hub.statuses.append(made)
    return Answer(201, made)


@route("GET", ROOT + "/commits/{revision*}/status", "statuses=read")
def combined_status(hub: Hub, request: Request, *, revision: str, **_: str) -> Any:
    """The newest status of each context."""
    sha = hub.bare.commit(revision)
    newest = {status["context"]: status for status in hub.statuses if status["sha"] == sha}
    return {"sha": sha, "statuses": list(newest.values()), "total_count": len(newest)}
