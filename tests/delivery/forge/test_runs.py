"""Runs that a token has to start: once for each commit, and none that is there already."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from delivery.forge.github import GithubForge
from delivery.forge.runs import CI, Runs
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from tests.delivery.github.client import Clock
from tests.github.hub import Hub

Branch = Callable[..., str]
RIGHTS = {"contents": "write", "pull-requests": "write", "actions": "write"}


@pytest.fixture
def api(hub: Hub, clock: Clock) -> GithubApi:
    """As the GITHUB_TOKEN of a job that may start workflows."""
    return GithubApi(hub.url, hub.token(hub.bot, RIGHTS), patience=clock.patience())


@pytest.fixture
def runs(hub: Hub, api: GithubApi) -> Runs:
    return Runs(api, hub.slug)


def started(hub: Hub) -> list[tuple[str, str]]:
    """Workflow and commit of each run."""
    return [(run["path"].rpartition("/")[2], run["head_sha"]) for run in hub.runs]


def test_a_commit_is_checked_once(hub: Hub, runs: Runs, branch: Branch) -> None:
    first = branch("topic")
    runs.check("topic", first)
    runs.check("topic", first)
    assert started(hub) == [(CI, first)]
    branch("other")
    second = branch("topic", "more.txt")
    runs.check("topic", second)
    assert started(hub) == [(CI, first), (CI, second)]


def test_a_check_that_was_cancelled_is_started_again(hub: Hub, runs: Runs, branch: Branch) -> None:
    commit = branch("topic")
    runs.check("topic", commit)
    hub.runs[0] |= {"status": "completed", "conclusion": "cancelled"}
    runs.check("topic", commit)
    assert len(hub.runs) == 2
    hub.runs[1] |= {"status": "completed", "conclusion": "failure"}
    runs.check("topic", commit)
    assert len(hub.runs) == 2, "a person starts again what failed"


def test_a_run_waits_until_a_runner_takes_it(hub: Hub, runs: Runs) -> None:
    assert not runs.waits("rollback.yml")
    runs.start("deploy.yml", "main")
    assert not runs.waits("rollback.yml")
    runs.start("rollback.yml", "main", {"environment": "staging"})
    assert runs.waits("rollback.yml")
    hub.runs[-1]["status"] = "in_progress"
    assert not runs.waits("rollback.yml")


def test_what_the_token_of_a_job_opens_gets_its_check(
    hub: Hub, api: GithubApi, branch: Branch
) -> None:
    forge = GithubForge(api, hub.slug, merges_itself=False, starts_checks=True)
    commit = branch("one")
    for _ in range(2):
        forge.open("one", "One", "", ())
    assert started(hub) == [(CI, commit)]
    GithubForge(api, hub.slug, merges_itself=True).open("one", "One", "", ())
    assert len(hub.runs) == 1, "GitHub starts the checks of what an App opens"


def test_a_pull_request_is_open_though_its_check_could_not_be_started(
    hub: Hub, api: GithubApi, branch: Branch
) -> None:
    """Then a person clicks."""
    forge = GithubForge(api, hub.slug, merges_itself=False, starts_checks=True)
    commit = branch("one")
    hub.fail_next("POST", "/dispatches", 403, times=2)
    assert forge.open("one", "One", "", ()).state == "open"
    with pytest.raises(GithubError):
        forge.check("one", commit)
    assert not hub.runs
