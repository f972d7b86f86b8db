"""Self-hosted runners: each takes the oldest run that waits for its label, and runs one at a time.

A run is dispatched and has one job. What the job does is the caller's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.github.hub import Hub

POLL_S = 0.02
Job = Callable[[], None]


@contextmanager
def agents(hub: Hub, labels: Sequence[str], jobs: Mapping[str, Job]) -> Iterator[list[str]]:
    """One agent for each label, which does `jobs` (workflow → what it does) until the end. Gives
    the names of the workflows in the order in which they began."""
    over, began, failures = threading.Event(), list[str](), list[BaseException]()

    def serve(label: str) -> None:
        while not over.wait(POLL_S):
            run = _taken(hub, label)
            if run is None:
                continue
            name = run["path"].rpartition("/")[2]
            began.append(name)
            try:
                jobs[name]()
            except BaseException as error:
                failures.append(error)
            run |= {"status": "completed", "conclusion": "success"}

    threads = [threading.Thread(target=serve, args=(label,)) for label in labels]
    for thread in threads:
        thread.start()
    try:
        yield began
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures, failures


def _taken(hub: Hub, label: str) -> dict[str, Any] | None:
    """The oldest run that waits for the label, which is in progress now."""
    with hub.lock:
        for run in hub.runs:
            if run["status"] == "queued" and _label(hub, run["path"]) == label:
                run["status"] = "in_progress"
                return run
    return None


def _label(hub: Hub, path: str) -> str | None:
    """Where the workflow runs, as its `runs-on` says; None: on a hosted runner."""
    deploys = hub.variables["DEPLOY_RUNNER"]
    runners = {"deploy.yml": deploys, "rollback.yml": hub.variables.get("ROLLBACK_RUNNER", deploys)}
    return runners.get(path.rpartition("/")[2])
