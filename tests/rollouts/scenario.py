"""A canary under load: what is wrong with it, what comes of it, and what clients met meanwhile.

Real git, real signed events, real processes, real Traefik, real HTTP. The releases are the tests'
fake server, which fails and dawdles as it is told; active gates pass.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from delivery.bento.bento import Bento
from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.deployment import active
from delivery.deployment.rollouts import watching
from delivery.deployment.strategies import canary
from delivery.errors import DeliveryError
from delivery.gates.rollout import decision
from delivery.targets.protocol import Target
from serving.contract import Contract, Input, Output, Roles
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.deployment.rolling import policy
from tests.delivery.machine import Machine, machine
from tests.delivery.place import judgement
from tests.delivery.running import eventually, fake_bento
from tests.origin import Origin
from tests.rollouts.load import LONGEST, Load

Behaviour = Mapping[str, Any]
Harm = Callable[["Stage"], None]
ROLLING = "rolling out"
UNDECIDED = 25.0


@dataclass(frozen=True)
class Scenario:
    """What is wrong, and which states of the attempt are right at the end. Where being undecided is
    one of them, nobody waits longer than `UNDECIDED` seconds for the end.

    `harm` happens once the candidate's share is `at` percent. `rolls_back`: a person does, after
    all clients met it.
    """

    name: str
    ends: tuple[str, ...]
    champion: Behaviour = field(default_factory=dict)
    candidate: Behaviour = field(default_factory=dict)
    harm: Harm | None = None
    at: int = 5
    traffic: bool = True
    rolls_back: bool = False


@dataclass(frozen=True)
class Size:
    """How much of everything: limits of the rollout, users, requests a second, seconds. `rows`:
    each request asks for the score of a row."""

    rollout: str
    users: int
    per_second: float
    budget: float
    requests: int = 0  # at least, before a person rolls back
    rows: bool = False


@dataclass(frozen=True)
class Result:
    """Seconds until the end and, of a rejection, from the verdict to the last client that met the
    candidate; how many users met it, of all that came; and what the event says of the reason."""

    state: str
    events: tuple[str, ...]
    seconds: float
    requests: int
    lost: tuple[str, ...]  # why none answered
    met: int
    users: int
    verdict_to_zero: float | None
    why: str
    moved: int  # how often a user went back to the champion without a verdict or a person

    @property
    def share_met(self) -> float:
        return self.met / self.users if self.users else 0.0


@dataclass
class Stage:
    """Where a scenario is played."""

    origin: Origin
    world: Machine
    patch: pytest.MonkeyPatch
    stopped: float = 0.0  # when a verdict or a person stopped it
    progress: list[str] = field(default_factory=list)

    @property
    def target(self) -> Target:
        return self.world.place(ENV)

    @property
    def away(self) -> Any:
        """While it is there, both releases fail."""
        return self.origin.path.parent / "away"


def play(scenario: Scenario, size: Size, origin: Origin) -> Result:
    """One scenario, from a merged promotion to its end."""
    with pytest.MonkeyPatch.context() as patch, machine(origin, patch) as world:
        stage = Stage(origin, world, patch)
        vars(world)["progress"] = stage.progress.append
        patch.setattr(active, "judge_live", judgement("pass"))
        for module in (watching, canary):  # between two ticks, and in one
            patch.setattr(module, "decide", lambda *a, **k: _noted(stage, *a, **k))
        attempt = merged(stage, scenario, size)
        load = Load(_port(stage), size.users, size.per_second, rows=size.rows)
        if not scenario.traffic:
            return _result(stage, attempt, load, _deploy(stage, scenario, size))
        with load.running():
            seconds = _deploy(stage, scenario, size)
            if scenario.rolls_back:
                eventually(lambda: len(load.answers) > size.requests, seconds=LONGEST)
                stage.stopped = time.time()
                rollback(world, ENV, reason="complaints", dry_run=False)
                time.sleep(0.3)  # what clients meet then
        return _result(stage, attempt, load, seconds)


def _port(stage: Stage) -> int:
    return int(stage.target.router.port)


def merged(stage: Stage, scenario: Scenario, size: Size) -> str:
    """ONE is verified and live, and the promotion of TWO is merged. Returns its attempt."""
    origin, world = stage.origin, stage.world
    origin.push({"delivery.yaml": policy(size.rollout)}, "Roll out by a canary")
    for release, behaviour in ((ONE, scenario.champion), (TWO, scenario.candidate)):
        bento = world.root.parent / "bentos" / release
        fake_bento(bento, away=str(stage.away), **behaviour)
        write_contract(Bento(release, bento))
    first = origin.promote(ENV, ONE)
    origin.happened(ENV, first, "verified", ONE)
    place = stage.target
    place.runtime.start(Bento(ONE, world.root.parent / "bentos" / ONE))
    place.router.set_weights({ONE: 100})
    place.runtime.retire({ONE})
    return origin.promote(ENV, TWO, ONE)


def write_contract(bento: Bento) -> None:
    """What the fake server answers: a score of a row with `x`."""
    contract = Contract(
        name="fake",
        task="binary",
        inputs=(Input(name="x", dtype="float32"),),
        outputs=(Output(name="score", dtype="float32"),),
        classes=("no", "yes"),
        threshold=0.5,
        roles=Roles(label="y", row_id="id"),
    )
    bento.model.mkdir(parents=True, exist_ok=True)
    (bento.model / "contract.json").write_text(contract.model_dump_json(), encoding="utf-8")


def _deploy(stage: Stage, scenario: Scenario, size: Size) -> float:
    begun, ended = time.monotonic(), threading.Event()
    harmer = threading.Thread(target=_harm, args=(stage, scenario, ended))
    harmer.start()
    try:
        with suppress(DeliveryError):
            longest = UNDECIDED if ROLLING in scenario.ends else size.budget
            deploy(stage.world, ENV, budget=min(longest, size.budget))
    finally:
        ended.set()
        harmer.join()
    return time.monotonic() - begun


def _harm(stage: Stage, scenario: Scenario, ended: threading.Event) -> None:
    while scenario.harm and not ended.wait(0.02):
        if stage.target.router.weights().get(TWO, 0) == scenario.at:
            scenario.harm(stage)
            return


def _noted(stage: Stage, *arguments: Any, **more: Any) -> decision.Decision:
    made = decision.decide(*arguments, **more)
    if made.next == "stop" and not stage.stopped:
        stage.stopped = time.time()
    return made


def _result(stage: Stage, attempt: str, load: Load, seconds: float) -> Result:
    history = stage.world.snapshot().history(ENV)
    tried = next(other for other in history.attempts if other.commit == attempt)
    met = {answer.user for answer in load.answers if answer.release == TWO}
    last = max((answer.at for answer in load.answers if answer.release == TWO), default=0.0)
    zero = max(0.0, last - stage.stopped) if stage.stopped else None
    return Result(
        state=tried.state.value,
        events=tuple(event.kind for event in tried.events),
        seconds=seconds,
        requests=len(load.answers),
        lost=tuple(
            f"{answer.status} {answer.release}"
            for answer in load.answers
            if answer.status not in (200, 500)
        ),
        met=len(met),
        users=len({answer.user for answer in load.answers}),
        verdict_to_zero=zero,
        why=tried.why,
        moved=_moved(load, stage.stopped),
    )


def _moved(load: Load, stopped: float) -> int:
    moved, met = 0, set[int]()
    for answer in sorted(load.answers, key=lambda answer: answer.at):
        if answer.at > (stopped or math.inf):
            break
        moved += answer.release == ONE and answer.user in met
        met |= {answer.user} if answer.release == TWO else set()
    return moved
