"""A rollback of production beside a deployment of staging that is at work, with one agent and with
two: real releases and routers, and runners that run one job at a time.

The jobs call the commands; that the workflow files ask for these runners is in test_limits.py.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.deployment.outcome import Outcome
from delivery.deployment.transition import Step
from delivery.events.event import State
from delivery.settings.host import GitHub, Surroundings
from tests.delivery.machine import Machine, machine
from tests.delivery.place import judgement
from tests.delivery.running import fake_bento
from tests.delivery.targets.local.clients import who
from tests.github.agents import agents
from tests.github.hub import Hub
from tests.origin import Origin

ONE, TWO, THREE = "r-111111111111", "r-222222222222", "r-333333333333"
RIGHTS = {"actions": "write", "contents": "write", "pull_requests": "write"}
JOB = {"GITHUB_ACTIONS": "true", "DEPLOY_RUNNER": "box", "RUNNER_ENVIRONMENT": "self-hosted"}
LONGEST_S = 120.0


@dataclass
class Yard:
    """Staging wants THREE, which is on its way; production runs TWO and keeps ONE warm."""

    hub: Hub
    machine: Machine
    judged: threading.Event = field(default_factory=threading.Event)
    moved: threading.Event = field(default_factory=threading.Event)
    asked: bool = False
    events: list[str] = field(default_factory=list)

    def judge(self, *_: object, **__: object) -> object:
        self.events.append("staging is judged")
        if "ROLLBACK_RUNNER" in self.hub.variables:  # else nobody could move anything meanwhile
            assert self.moved.wait(LONGEST_S)
        return judgement("pass")()

    def hear(self, line: str) -> None:
        """A person asks for the rollback when staging has begun to start its release."""
        if line.startswith("starting ") and not self.asked:
            self.asked = True
            self.dispatch("rollback.yml")

    def dispatch(self, workflow: str) -> None:
        path = f"/actions/workflows/{workflow}/dispatches"
        self.hub.ask(self.hub.person("ada"), "POST", path, {"ref": "main"})

    def deploy(self) -> None:
        if not deploy(self.machine, "staging", budget=LONGEST_S).made_way:
            self.judged.set()

    def roll_back(self) -> None:
        rollback(self.machine, "production", reason="complaints", dry_run=False)
        self.events.append("production is back")
        self.moved.set()


def _nothing(_: object, __: str, steps: tuple[Step, ...]) -> Outcome:
    return Outcome(steps[-1], steps)


@pytest.fixture
def yard(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    with Hub(origin.bare, rulesets=()) as hub, machine(origin, monkeypatch) as made:
        for release in (ONE, TWO):
            origin.happened(
                "production", origin.promote("production", release), "verified", release
            )
        made.settle("production", TWO, ONE)
        fake_bento(made.bento(made.snapshot(), THREE))
        origin.promote("staging", THREE)
        here = Yard(hub, made)
        object.__setattr__(made, "progress", here.hear)
        monkeypatch.setattr("delivery.deployment.active.judge_live", here.judge)
        monkeypatch.setattr("delivery.commands.deploy.follow_up", _nothing)  # proposed elsewhere
        token = hub.token(hub.bot, RIGHTS)
        github = GitHub(hub.slug, hub.url, hub.url, token, is_app=False)
        environ = {**os.environ, **JOB, "GITHUB_TOKEN": token}
        vars(made)["surroundings"] = Surroundings(environ, github)
        hub.variables["DEPLOY_RUNNER"] = "box"
        yield here


@pytest.mark.parametrize("labels", [("box",), ("box", "way-back")], ids=["one", "two"])
def test_a_rollback_waits_for_one_transition_at_most(yard: Yard, labels: tuple[str, ...]) -> None:
    if len(labels) > 1:
        yard.hub.variables["ROLLBACK_RUNNER"] = labels[1]
    jobs = {"deploy.yml": yard.deploy, "rollback.yml": yard.roll_back}
    with agents(yard.hub, labels, jobs) as began:
        yard.dispatch("deploy.yml")
        assert yard.moved.wait(LONGEST_S)
        assert who(yard.machine.place("production")) == ONE
        assert yard.judged.wait(LONGEST_S)
    assert yard.machine.snapshot().attempt("staging").state is State.VERIFIED
    if len(labels) == 1:
        assert yard.events == ["production is back", "staging is judged"]
        assert began == ["deploy.yml", "rollback.yml", "deploy.yml"], "it made way and went on"
