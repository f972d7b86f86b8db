"""From "Use this template" to production and back, by the workflow files as they are.

One story is played for the whole module; the tests look at what it left in git, on GitHub and on
the machine that runs the environments, and at how each run ended.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from delivery.bento.digest import file_sha256, release_id
from delivery.demo.acts import SHUFFLED
from delivery.trust.keys import Role, own_file, own_public_key
from tests.checkout import share, shared_folder
from tests.ports import free_offset
from tests.workflows import act
from tests.workflows.advisories import advisories
from tests.workflows.world import World, world

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(act.missing()), reason=act.missing())]

PORTS = {"staging": 7101, "production": 7102}
# Judged for real and as short as may be: how gates are set is not what is tried here.
POLICY = """\
environments:
  staging: { target: { kind: local, port: 7101 } }
  production: { target: { kind: local, port: 7102 } }
trust:
  # The runner that deploys is another machine than the one that releases.
  ci: { key: keys/releases.pub, may: [releases, trainings] }
  runner: { key: keys/events.pub, may: [events] }
gates:
  load:
    { users: 2, seconds: 1, requests_per_second: 20, minimum_requests: 10, throughput: 0.5,
      p95_ms: 5000, p99_ms: 5000 }
  latency: { blocks: 8, requests: 8, slack_ms: 1000 }
"""
IMPOSSIBLE = POLICY.replace("p95_ms: 5000", "p95_ms: 0.001")
LOOSE = POLICY + "  champion: { margin: 0.99 }\n"
OWN_TEST = "def test_ours() -> None:\n    assert True\n"


@dataclass
class Story:
    """The world after the story, and what was seen on the way."""

    world: World
    facts: dict[str, Any] = field(default_factory=dict)

    def train(self, branch: str, files: dict[str, str], title: str) -> int:
        """A person changes something and asks for a training by a label."""
        here = self.world
        here.branch(branch, files, title)
        number = here.hub.open_pull(here.hub.person("maintainer"), branch, title)
        here.seen = len(here.hub.events)  # its checks before the training: see test_hostile.py
        here.hub.label(here.hub.person("maintainer"), number, "retrain")
        self.facts[f"{branch} runs"] = here.settle()
        return number

    def release(self, name: str) -> int:
        """The runs that follow from a merge of a model; the promotion to staging."""
        here = self.world
        self.facts[f"{name} release runs"] = here.settle()
        (number,) = here.pulls("promotion:staging")
        return number

    def params(self, value: str) -> str:
        return re.sub(r"\bC: [\d.]+", f"C: {value}", self.world.read("params.yaml"))


def wanted(here: World, environment: str, key: str = "release") -> str:
    """What main wants."""
    text = here.read(f"infra/environments/{environment}/desired.yaml")
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith(f"  {key}:"))


def answering(here: World, environment: str) -> str:
    """The release that answers at the environment's address."""
    port = PORTS[environment] + int(here.environ["DELIVERY_PORT_OFFSET"])
    answer = httpx.get(f"http://127.0.0.1:{port}/release", timeout=20).raise_for_status()
    return str(answer.json()["release"])


def ends(runs: Sequence[act.Run]) -> dict[str, bool]:
    return {run.workflow: run.ok for run in runs}


def play_first_release(story: Story) -> None:
    """Nothing is there yet. Every workflow is killed half-way and run again, or run twice."""
    here = story.world
    first = story.train("first", {"params.yaml": story.params("0.0001")}, "Our first model")
    story.facts["first pull"] = first
    here.merge(first)
    push = next(event for event in here.hub.events[here.seen :] if event.name == "push")
    here.seen = len(here.hub.events)
    lost = here._run("release.yml", push, kill_when="· storing")
    again = here._run("release.yml", push)
    story.facts["release killed, again"] = [lost, again]
    story.facts["after releases"] = here.pulls("promotion:staging")
    (staging,) = here.pulls("promotion:staging")
    story.facts["checks killed"] = here.settle(kill_when="Run Main Set up")
    story.facts["staging checks"] = here.click(staging)
    here.merge(staging)
    story.facts["judged"] = here.read("infra/environments/staging/evidence.json")
    story.facts["deploy killed"] = here.settle(kill_when="· moving the traffic of staging")
    story.facts["deploy again"] = here.schedule("deploy.yml")
    (production,) = here.pulls("promotion:production")
    story.facts["deploy twice"] = here.schedule("deploy.yml")
    story.facts["production pulls"] = here.pulls("promotion:production")
    story.facts["production comment"] = here.hub.said(production)
    story.facts["production checks"] = here.settle()
    story.facts["production head"] = here.hub.pulls[production].head_sha
    here.merge(production)
    story.facts["production runs"] = here.settle()
    story.facts["first"] = wanted(here, "production")
    story.facts["first answering"] = {name: answering(here, name) for name in PORTS}
    story.facts["reproduced"] = here.dispatch("reproduce.yml", {})


def play_bad_candidate(story: Story) -> None:
    """Shuffled labels, and a policy that would let anything pass."""
    here = story.world
    model = here.read("model/__init__.py") + SHUFFLED
    number = story.train("bad", {"model/__init__.py": model, "delivery.yaml": LOOSE}, "Better!")
    story.facts["bad pull"] = number
    try:
        here.merge(number)
        story.facts["bad merged"] = True
    except AssertionError as refused:
        story.facts["bad merged"] = str(refused)
    here.hub.close_pull(here.hub.person("maintainer"), number)
    here.seen = len(here.hub.events)


def play_retraining(story: Story) -> None:
    """With an App. Lost when all was trained, run again, and merged. That a newer one closes it:
    test_retrain.py. How a candidate is checked was played above, and its release judges it."""
    here, inputs = story.world, {"set": "model.fit.C=1.0"}
    here.install_app()
    lost = here.dispatch("train.yml", inputs, kill_when="Run Main Propose it")
    story.facts["retraining killed, again"] = lost, here.dispatch("train.yml", inputs)
    story.facts["retrain pulls"] = here.pulls("retrain")
    (number,) = here.pulls("retrain")
    here.report_check(here.hub.pulls[number].head_sha, "pull_request", "success")
    here.seen = len(here.hub.events)
    here.merge(number)


def play_failing_in_production(story: Story) -> None:
    """The good model passes in staging; then production asks for the impossible."""
    here = story.world
    staging = story.release("second")
    here.merge(staging)
    here.settle()
    story.facts["second"] = wanted(here, "staging")
    here.branch("strict", {"delivery.yaml": IMPOSSIBLE}, "Ask for the impossible")
    strict = here.hub.open_pull(here.hub.person("maintainer"), "strict", "Ask for the impossible")
    here.report_check(here.hub.bare.branch("strict") or "", "pull_request", "success")
    here.merge(strict)
    here.seen = len(here.hub.events)
    (production,) = here.pulls("promotion:production")
    head = f"promote/production/{story.facts['second']}"
    here.git("fetch", "--quiet", "origin")
    here.git("switch", "--quiet", "-C", head, f"origin/{head}")
    here.git("merge", "--quiet", "--no-edit", "origin/main")
    here.git("push", "--quiet", "origin", head)
    here.settle()
    here.merge(production)
    story.facts["failing runs"] = here.settle()
    story.facts["after failing"] = {name: answering(here, name) for name in PORTS}


def play_rollback(story: Story) -> None:
    """By hand, killed between the traffic and the pull request, and run again."""
    here = story.world
    asked = {"environment": "staging", "reason": "complaints"}
    lost = here.dispatch("rollback.yml", asked, kill_when="· proposing the rollback")
    story.facts["rolled back, killed"] = lost, answering(here, "staging")
    story.facts["rolled back"] = here.dispatch("rollback.yml", asked)
    story.facts["rollback follows"] = here.settle()


def play_rehearsal(story: Story) -> None:
    """The same without a runner that stays up."""
    here = story.world
    del here.variables["DEPLOY_RUNNER"], here.variables["DELIVERY_WORKSPACE"]
    own = here.environ["DELIVERY_PORT_OFFSET"]
    here.environ["DELIVERY_PORT_OFFSET"] = free_offset()  # a hosted runner is another machine
    story.facts["rehearsal"] = here.schedule("deploy.yml")
    story.facts["rehearsal again"] = here.schedule("deploy.yml")
    here.environ["DELIVERY_PORT_OFFSET"] = own


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    room = tmp_path_factory.mktemp("github")
    signer = {"XDG_DATA_HOME": str(room / "signer")}
    keys = {role: own_public_key(signer, role, make=True) for role in Role}
    files = {f"keys/{role.name.lower()}.pub": key.pem for role, key in keys.items() if key}
    files |= {"delivery.yaml": POLICY, "tests/model/test_ours.py": OWN_TEST}
    with advisories() as found, world(room, "minimal", files) as here:
        here.secrets |= {role.variable: own_file(signer, role).read_text() for role in Role}
        here.variables |= {
            "ADVISORIES_URL": found.url,
            "DEPLOY_RUNNER": "own",
            "DELIVERY_WORKSPACE": str(room / "runner"),
            "MLFLOW_TRACKING_URI": f"sqlite:///{room / 'mlflow.db'}",
        }
        shared = shared_folder(tmp_path_factory) / "workspace"
        share(room / "runner", shared)
        here.environ["SHARED"] = str(shared)
        here.environ["DELIVERY_PORT_OFFSET"] = free_offset()
        told = Story(here)
        try:
            play_first_release(told)
            play_bad_candidate(told)
            play_retraining(told)
            play_failing_in_production(told)
            play_rollback(told)
            play_rehearsal(told)
            yield told
        finally:
            environ = {**os.environ, **here.environ, "DELIVERY_WORKSPACE": str(room / "runner")}
            down = [sys.executable, "-m", "delivery", "down"]
            subprocess.run(down, cwd=here.clone, env=environ, check=False)


def test_what_is_merged_was_checked_by_a_status_where_only_a_dispatched_run_looked(
    story: Story,
) -> None:
    hub, first = story.world.hub, story.world.hub.pulls[story.facts["first pull"]].head_sha
    assert ends(story.facts["production checks"]) == {"ci.yml": True}
    for commit in (first, story.facts["production head"]):
        runs = [(run["name"], run["event"]) for run in hub.checks if run["head_sha"] == commit]
        assert runs == [("dispatched", "workflow_dispatch")]
        assert story.world.statuses(commit) == [("ci", "success")]


def test_a_label_trains_a_pull_request_and_it_is_judged(story: Story) -> None:
    assert ends(story.facts["first runs"]) == {"train.yml": True, "ci.yml": True}
    lock = story.world.hub.bare.git("log", "--format=%an", "-1", "main", "--", "dvc.lock")
    assert lock == "delivery"
    (comment,) = story.world.hub.said(story.facts["first pull"])
    assert "baseline" in comment


def test_what_mains_job_trained_is_attested_and_not_fitted_again(story: Story) -> None:
    verdicts = {line["gate"]: line for line in json.loads(story.facts["judged"])["verdicts"]}
    assert verdicts["sealed"]["measured"] == "attested by ci"
    signed = story.world.hub.bare.git("log", "--format=%an", "-1", "main", "--", "training.json")
    assert signed == "delivery"


def test_what_production_runs_can_be_made_again(story: Story) -> None:
    run = story.facts["reproduced"]
    assert run.ok
    assert "running stage 'train'" in run.log
    told = rf"{story.facts['first']}: identical: 1\d artifacts and \d+ files of the bento"
    assert re.search(told, " ".join(run.log.split()))


def test_trainings_are_tracked_where_the_variable_says(story: Story) -> None:
    with closing(sqlite3.connect(story.world.room / "mlflow.db")) as database:
        (runs,) = database.execute("select count(*) from runs").fetchone()
    assert runs == len(("first", "bad", "second", "second, as the job was lost"))


def test_a_release_that_was_killed_is_made_once(story: Story) -> None:
    lost, again = story.facts["release killed, again"]
    assert (lost.killed, again.ok) == (True, True)
    assert len(story.facts["after releases"]) == 1
    (listed,) = (again.artifacts / "attested").glob("*.sha256")
    assert release_id(file_sha256(listed)) == listed.stem, "its hash is that of the bento"
    assert json.loads(listed.with_name(f"{listed.stem}.cdx.json").read_text())["components"]
    assert [run.killed for run in story.facts["checks killed"]] == [True]
    assert ends(story.facts["staging checks"]) == {"ci.yml": True}


def test_a_deployment_that_was_killed_goes_on(story: Story) -> None:
    (killed,) = story.facts["deploy killed"]
    assert killed.killed
    assert story.facts["deploy again"].ok
    assert story.facts["deploy twice"].ok
    assert len(story.facts["production pulls"]) == 1
    assert "| baseline | ✅ pass |" in "".join(story.facts["production comment"])


def test_what_is_merged_is_up_and_answers(story: Story) -> None:
    assert ends(story.facts["production runs"]) == {"deploy.yml": True}
    first = story.facts["first"]
    assert story.facts["first answering"] == {"staging": first, "production": first}


def test_a_bad_candidate_is_refused_by_mains_policy_and_cannot_be_merged(story: Story) -> None:
    runs = story.facts["bad runs"]
    assert ends(runs) == {"train.yml": True, "ci.yml": False}
    assert runs[-1].jobs["candidate"] == "failure"
    (comment,) = story.world.hub.said(story.facts["bad pull"])
    assert "❌ fail" in comment
    assert "champion" in comment
    assert 'Required status check "ci" is failing' in str(story.facts["bad merged"])


def test_what_fails_in_production_ends_as_a_merged_rollback(story: Story) -> None:
    here = story.world
    first, then = (run for run in story.facts["failing runs"] if run.workflow == "deploy.yml")
    assert first.jobs["deploy"] == "failure", "it says that production refused"
    assert then.ok, "the merge by the App deployed the rollback"
    (rollback,) = here.pulls("rollback:production", state="closed")
    pull = here.hub.pulls[rollback]
    assert pull.merged_at
    assert pull.merged_by == here.hub.app_actor
    assert wanted(here, "production") == story.facts["first"]
    assert wanted(here, "production", "rollbackOf") == story.facts["second"]
    assert here.events("production").count("rejected") == 1


def test_the_release_before_answers_again(story: Story) -> None:
    first, second = story.facts["first"], story.facts["second"]
    assert story.facts["after failing"] == {"staging": second, "production": first}


def test_a_retraining_that_was_killed_becomes_one_pull_request(story: Story) -> None:
    lost, again = story.facts["retraining killed, again"]
    assert (lost.killed, again.ok) == (True, True)
    (number,) = story.facts["retrain pulls"]
    body = story.world.hub.pulls[number].body or ""
    assert "| model.fit.C | 0.0001 | 1.0 |" in body
    assert "| metric on validation |" in body


def test_a_rollback_by_hand_moves_the_traffic_first_and_is_finished_by_the_next_run(
    story: Story,
) -> None:
    here = story.world
    lost, answered = story.facts["rolled back, killed"]
    assert lost.killed
    assert answered == story.facts["first"], "the traffic had moved when it was killed"
    assert story.facts["rolled back"].ok
    (rollback,) = here.pulls("rollback:staging", state="closed")
    assert here.hub.pulls[rollback].merged_by == here.hub.app_actor
    assert wanted(here, "staging") == story.facts["first"]
    assert here.events("staging").count("revoked-1") == 1
    assert ends(story.facts["rollback follows"])["deploy.yml"]


def test_without_a_runner_of_its_own_the_environments_are_rehearsed(story: Story) -> None:
    here = story.world
    assert story.facts["rehearsal"].ok
    for environment in PORTS:
        assert "verified" in here.events(environment, log="rehearsals")
    assert story.facts["rehearsal again"].jobs == {"pending": "success"}, "nothing is left to do"
    assert answering(here, "production") == story.facts["first"], "the runner's own stays as it is"
