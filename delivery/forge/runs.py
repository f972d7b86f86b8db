"""Runs of workflows: those that GITHUB_TOKEN has to start, and those that wait for a runner.

What GITHUB_TOKEN opens or pushes to gets runs that wait for a person's click; a run that it
dispatches starts at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from delivery.github.api import GithubApi

CI = "ci.yml"
WAITING = ("queued", "pending", "waiting", "requested")


class Runs:
    """The runs of the repository `slug`, owner/name. Raises GithubError."""

    def __init__(self, api: GithubApi, slug: str) -> None:
        self._api = api
        self._root = f"/repos/{slug}/actions/workflows"

    def start(self, workflow: str, branch: str, inputs: Mapping[str, str] | None = None) -> None:
        """Start a workflow on a branch. Who asks twice starts two."""
        body = {"ref": branch, "inputs": dict(inputs or {})}
        self._api.post(f"{self._root}/{workflow}/dispatches", body, adopt=lambda: None)

    def check(self, branch: str, commit: str) -> None:
        """Start ci.yml on a branch, unless there is such a run of `commit`, its head."""
        runs = self._runs(CI, branch=branch, event="workflow_dispatch", head_sha=commit)
        if all(run["conclusion"] == "cancelled" for run in runs):
            self.start(CI, branch)

    def waits(self, workflow: str) -> bool:
        """Does a run of the workflow wait for a runner?"""
        return any(
            run["status"] in WAITING for run in self._runs(workflow, event="workflow_dispatch")
        )

    def _runs(self, workflow: str, **query: str) -> Iterator[Mapping[str, Any]]:
        yield from self._api.pages(f"{self._root}/{workflow}/runs", **query)
