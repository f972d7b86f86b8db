"""What a job tells a pull request about its candidate, on GitHub."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from delivery.commands import gate as command
from delivery.commands.gate import GateResult, gate
from delivery.context import Context
from delivery.errors import HeldError, InputError, StoreError
from delivery.evidence.quality.holdout_reuse import look
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Status, Verdict
from delivery.github.errors import GithubError
from delivery.judgement.proposed import Judged
from delivery.settings.overrides import Overrides
from delivery.storage.store import Store
from tests.delivery.bentos import write_splits
from tests.github.hub import Hub
from tests.origin import Origin
from tests.serving.tiny import ROLES, tiny_frame, write_tiny_model

Judge = Callable[[Context, Overrides], tuple[str, Judged]]
ELSE = ("GH_TOKEN", "DELIVERY_APP_TOKEN", "DEPLOY_RUNNER", "GITHUB_OUTPUT", "DELIVERY_WORKSPACE")
EVIDENCE: dict[str, Any] = {"judged": {"rows": 10, "dataset": "0" * 64}}
READ, WRITE = {"contents": "read"}, {"contents": "read", "pull-requests": "write"}


def says(status: Status) -> Judge:
    verdict = Verdict("champion", status, "measured", "required", "why it is so")
    judged = Judged(Judgement((verdict,), "r-111111111111", None, EVIDENCE), Path("report.md"))
    return lambda *_: ("r-111111111111", judged)


def raises(error: Exception) -> Judge:
    def judge(*_: object) -> tuple[str, Judged]:
        raise error

    return judge


@dataclass
class Job:
    """A job about pull request 1, of the branch `mine`."""

    origin: Origin
    hub: Hub
    monkeypatch: pytest.MonkeyPatch
    summary: Path
    event: Path

    def run(self, judge: Judge, *, permissions: dict[str, str] = WRITE) -> GateResult:
        self.monkeypatch.setattr(command, "_judge", judge)
        self.monkeypatch.setenv("GITHUB_TOKEN", self.hub.token(self.hub.bot, permissions))
        return gate(Context(self.origin.path, lambda _: None), Overrides())

    def about(self, number: int) -> None:
        """The event of a pull request, as GitHub writes it."""
        raw = self.hub.ask(self.hub.person("ada"), "GET", f"/pulls/{number}")
        self.event.write_text(json.dumps({"pull_request": raw}))

    def lost_fork(self) -> None:
        """The fork was deleted meanwhile."""
        content: dict[str, Any] = json.loads(self.event.read_text())
        content["pull_request"]["head"]["repo"] = None
        self.event.write_text(json.dumps(content))

    def fork(self) -> int:
        """A pull request of somebody from outside."""
        fork = self.hub.fork("eve")
        commit = self.hub.bare.commit("refs/heads/mine")
        fork.git("update-ref", "refs/heads/theirs", str(commit))
        return self.hub.open_pull(self.hub.person("eve", "read"), "eve:theirs", "Theirs")


@pytest.fixture
def job(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    commit = origin.repository.commit_files("HEAD", {"x": "x\n"}, "Mine")
    origin.git("push", "--quiet", "origin", f"{commit}:refs/heads/mine")
    origin.git("checkout", "--quiet", "--detach", commit)
    with Hub(origin.bare, rulesets=()) as hub:
        origin.git("remote", "set-url", "origin", hub.clone_url())
        for name in ELSE:
            monkeypatch.delenv(name, raising=False)
        for name in ("GITHUB_SERVER_URL", "GITHUB_API_URL"):
            monkeypatch.setenv(name, hub.url)
        made = Job(origin, hub, monkeypatch, tmp_path / "summary", tmp_path / "event.json")
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(made.summary))
        monkeypatch.setenv("GITHUB_EVENT_PATH", str(made.event))
        made.about(hub.open_pull(hub.person("ada"), "mine", "Mine"))
        yield made


@pytest.mark.parametrize("status", ["pass", "fail", "hold"])
def test_the_report_is_one_comment_however_often_it_is_judged(job: Job, status: Status) -> None:
    job.run(says("pass"))
    assert job.run(says(status)).pull == 1
    (said,) = job.hub.said(1)
    assert "why it is so" in said
    assert status in said.lower()
    assert job.summary.read_text().count("why it is so") == 2


def test_what_keeps_it_from_being_judged_replaces_the_older_report(job: Job) -> None:
    job.run(says("pass"))
    with pytest.raises(StoreError, match="lacks"):
        job.run(raises(StoreError("the store lacks artifacts/model; `delivery push`")))
    (said,) = job.hub.said(1)
    assert "Not judged" in said
    assert "`delivery push`" in said
    assert "why it is so" not in said
    assert "Not judged" in job.summary.read_text()


@pytest.mark.parametrize("lost", [False, True])
def test_a_pull_request_from_a_fork_is_judged_without_a_comment(job: Job, lost: bool) -> None:
    number = job.fork()
    job.about(number)
    if lost:
        job.lost_fork()
    result = job.run(says("fail"), permissions=READ)
    assert (result.pull, result.release) == (None, "r-111111111111")
    assert job.hub.said(number) == []
    assert "why it is so" in job.summary.read_text()


def test_a_fork_is_told_on_its_page_why_it_was_not_judged(job: Job) -> None:
    job.about(job.fork())
    with pytest.raises(InputError, match="stale"):
        job.run(raises(InputError("dvc.lock is stale")), permissions=READ)
    assert "dvc.lock is stale" in job.summary.read_text()


def test_a_token_of_our_own_that_may_not_comment_is_a_failure(job: Job) -> None:
    with pytest.raises(GithubError, match="pull-requests: write"):
        job.run(says("pass"), permissions=READ)


@pytest.mark.parametrize("status", [404, 422])
def test_any_other_refusal_is_a_failure_for_a_fork_too(job: Job, status: int) -> None:
    job.about(job.fork())
    job.hub.fail_next("POST", "/comments", status, times=9)
    with pytest.raises(GithubError):
        job.run(says("pass"), permissions=READ)


def test_why_it_was_not_judged_is_said_though_nobody_can_be_told(job: Job) -> None:
    with pytest.raises(HeldError, match="the reason"):
        job.run(raises(HeldError("the reason")), permissions=READ)
    assert "the reason" in job.summary.read_text()


def test_a_run_on_a_branch_tells_the_pull_request_of_the_branch(job: Job) -> None:
    """ci.yml starts by hand for what GITHUB_TOKEN pushed."""
    job.event.write_text("{}")
    job.origin.git("checkout", "--quiet", "-B", "mine")
    assert job.run(says("pass")).pull == 1
    assert len(job.hub.said(1)) == 1


@pytest.mark.parametrize("branch", ["", "unproposed"])
def test_without_a_pull_request_the_page_of_the_job_has_it(job: Job, branch: str) -> None:
    job.event.write_text("{}")
    if branch:
        job.origin.git("checkout", "--quiet", "-B", branch)
    assert job.run(says("pass")).pull is None
    assert job.hub.said(1) == []
    assert "why it is so" in job.summary.read_text()


def test_a_job_asks_the_store_before_it_judges(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    real = command._judge
    lacking = StoreError("the store lacks it")
    monkeypatch.setattr(command, "require_in_step", lambda _: None)
    monkeypatch.setattr(Store, "require_held", raises(lacking))
    with pytest.raises(StoreError, match="the store lacks it"):
        job.run(real)


def test_a_job_that_may_only_read_numbers_its_look_and_one_that_may_write_counts_it(
    job: Job, tmp_path: Path
) -> None:
    data = write_splits(tmp_path / "data", {"holdout": tiny_frame(40)})
    write_tiny_model(tmp_path / "model")
    found = []
    for permissions in (READ, {"contents": "write"}, READ):
        job.monkeypatch.setenv("GITHUB_TOKEN", job.hub.token(job.hub.bot, permissions))
        repository = Context(job.origin.path, lambda _: None).repository
        found.append(look(repository, data, tmp_path / "model", ROLES))
    assert [one.number for one in found] == [1, 1, 1]
    assert "403" in found[0].uncounted
    assert not found[1].uncounted
    assert not found[2].uncounted
    assert len(job.hub.bare.refs("refs/delivery/looks/")) == 1
