"""Pull requests that mean harm: what they try is refused, or does nothing.

That a candidate cannot loosen the policy that judges it is in test_loop.py, which has a champion
to judge it against; that no pull request's code runs with a token that may write, in
test_static.py; what no token may do, in tests/github.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.state.desired import Desired, ReleaseRef, desired_path, render_desired
from delivery.state.record import record_path, render_record
from tests.checkout import shared_folder
from tests.origin import record, version
from tests.workflows import act
from tests.workflows.advisories import advisories
from tests.workflows.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(act.missing()), reason=act.missing())]

BY_HAND = "r-111111111111"
OUTSIDER = "mallory"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    room = tmp_path_factory.mktemp("hostile")
    own = "def test_ours() -> None:\n    assert True\n"
    files = {"tests/model/test_ours.py": own, "tests/test_docs.py": own}
    with advisories() as source, world(room, "minimal", files) as found:
        found.variables["ADVISORIES_URL"] = source.url
        found.environ["SHARED"] = str(shared_folder(tmp_path_factory) / "workspace")
        found.secrets["DVC_CONFIG"] = (
            "['remote \"elsewhere\"']\n    url = https://store.invalid\n"
            "    password = hunter2hunter2\n"
        )
        yield found


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that only a command out of a pull request would make."""
    return tmp_path / "canary"


def test_text_of_a_pull_request_is_never_run(here: World, canary: Path) -> None:
    """Title, body, branch, file names and parameters hold commands; they stay text."""
    command = f"$(touch${{IFS}}{canary})"
    branch = f'x";touch${{IFS}}{canary};#`touch${{IFS}}{canary}`{command}'
    files = {
        f"docs/{command.replace('/', '%')}.md": "text",
        f'docs/a"; touch {canary.name}; ".md': "text",
        "docs/line\n::set-output name=lint::true\nlint=true.md": "text",
        "params.yaml": here.read("params.yaml") + f"# {command}\n",
    }
    here.branch(branch, files, f"Title {command}")
    person = here.hub.person("maintainer")
    title = f'"; touch {canary}; echo "`touch {canary}` {command} ::error::'
    number = here.hub.open_pull(person, branch, title, body=title)
    (run,) = here.settle()
    assert run.ok, run.log[-3000:]
    assert run.jobs["test"] == "success"
    assert "lint" not in run.jobs, "a file's name did not become an output"
    here.hub.label(person, number, "retrain")
    event = here.hub.events[here.seen]
    here.seen = len(here.hub.events)
    (asked,) = here._start(event)
    assert asked.ok, asked.log[-3000:]
    (dispatched,) = here.hub.events[here.seen :]
    here.seen = len(here.hub.events)
    assert dispatched.payload["inputs"] == {"branch": branch}
    assert not canary.exists()
    assert not list(here.room.rglob(canary.name))


def test_text_of_a_rollback_is_never_run(here: World, canary: Path) -> None:
    reason = f'"; touch {canary}; $(touch {canary})'
    run = here.dispatch("rollback.yml", {"environment": "production", "reason": reason})
    assert not run.ok
    assert "runs nothing, so there is nothing to roll back" in run.log
    assert not canary.exists()


def test_a_fork_gets_no_secret_and_a_useful_check(here: World) -> None:
    """It prints all that its jobs can see, and tries to comment."""
    outsider = here.hub.person(OUTSIDER, "none")
    fork = here.hub.fork(OUTSIDER)
    here.git("fetch", "--quiet", "origin")
    here.git("switch", "--quiet", "-C", "typo", "origin/main")
    makefile = here.clone / "Makefile"
    text = makefile.read_text()
    for job in ("test", "e2e", "lint"):
        shown = f"\n{job}: setup\n\t@env; cat .dvc/config.local || true\nno-{job}:"
        text = text.replace(f"\n{job}: setup", shown)
    makefile.write_text(text)
    (here.clone / "params.yaml").write_text(here.read("params.yaml") + "# typo\n")
    here.git("commit", "--quiet", "-am", "Fix a typo")
    here.git("push", "--quiet", str(fork.path), "typo")
    before = (len(here.hub.comments), here.hub.bare.refs())
    number = here.hub.open_pull(outsider, f"{OUTSIDER}:typo", "Fix a typo")
    (run,) = here.settle()
    assert {run.jobs[job] for job in ("test", "lint", "security")} == {"success"}, run.log[-3000:]
    printed = run.log.count("GITHUB_ACTIONS=true")
    assert printed == 5, "lint, e2e, and the tests on each Python, did print their environment"
    assert "hunter2" not in run.log
    assert here.hub.checks[-1]["head_sha"] == here.hub.pulls[number].head_sha
    after = {ref: sha for ref, sha in here.hub.bare.refs().items() if "/pull/" not in ref}
    assert (len(here.hub.comments), after) == (
        before[0], {ref: sha for ref, sha in before[1].items() if "/pull/" not in ref},
    )  # fmt: skip
    here.hub.close_pull(here.hub.person("maintainer"), number)
    here.seen = len(here.hub.events)


def test_a_release_written_by_hand_does_not_start(here: World) -> None:
    """Its pull request is refused; merged all the same, the deployment refuses it."""
    made_up = version(BY_HAND)
    files = {
        record_path(BY_HAND): render_record(record(BY_HAND)),
        desired_path("production"): render_desired(Desired(wanted=made_up, previous=ReleaseRef())),
    }
    here.branch("by-hand", files, "Trust me")
    number = here.hub.open_pull(here.hub.person("maintainer"), "by-hand", "Trust me")
    (refused,) = here.settle()
    assert refused.jobs["environments"] == "failure"
    assert refused.jobs["ci"] == "failure"
    assert "somebody wrote it by hand" in refused.log
    # As if somebody forged it:
    here.report_check(here.hub.pulls[number].head_sha, "pull_request", "success")
    here.merge(number)
    deployed, checked = here.settle()
    assert deployed.jobs["deploy"] == "failure"
    assert here.events("production", log="rehearsals") == ["rejected"]
    (rollback,) = here.pulls("rollback:production")
    assert BY_HAND in here.hub.pulls[rollback].title
    assert checked.workflow == "ci.yml", "the job that opened it started its check"
    (status,) = here.statuses(here.hub.pulls[rollback].head_sha)
    assert status == ("ci", "success")


def test_a_vulnerable_dependency_blocks_a_pull_request(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with advisories() as other:  # what the first source answered is known for a day
        other.vulnerable.add("starlette")
        monkeypatch.setitem(here.variables, "ADVISORIES_URL", other.url)
        run = here.dispatch("ci.yml", {"reason": "it is not reachable"})
    assert run.jobs["security"] == "failure"
    assert run.jobs["ci"] == "failure"
    assert "GHSA-0000-0000-0001" in run.log
    assert "status" not in run.jobs, "a run that was given a reason reports nothing"
