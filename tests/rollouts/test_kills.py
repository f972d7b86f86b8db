"""A process that rolls out, or back, gets SIGKILL before or after each of its side effects. Whoever
runs the command again ends it as if nothing had been, and no client notices.

Real processes, git, router and HTTP; the releases are the fake server of the tests, whose verdicts
are said. THOROUGH=1 kills at every point, else at each sixteenth.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from delivery.bento.bento import Bento
from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.storage.checkout import WORKSPACE
from delivery.targets.local.routing.orders import LocalOrders
from delivery.targets.local.routing.router import LocalRouter
from delivery.targets.local.runtime import LocalRuntime
from delivery.targets.protocol import Target
from tests.delivery.deployment.faults import WRITES, Effect, Fault
from tests.delivery.deployment.production import ENV, ONE
from tests.delivery.deployment.rolling import Says, Traffic, judged_by, policy, shadowed_by
from tests.delivery.machine import Machine, machine
from tests.delivery.running import eventually, fake_bento
from tests.origin import Origin
from tests.rollouts.load import LONGEST, Load
from tests.rollouts.scenario import write_contract

pytestmark = pytest.mark.e2e
FORK = multiprocessing.get_context("fork")
STRIDE = 1 if "THOROUGH" in os.environ else 16
EFFECTS: Sequence[Effect] = (
    (LocalRuntime, "start"), (LocalRuntime, "retire"),
    *((LocalRouter, name) for name in ("set_weights", "divide", "reflect")),
    (LocalOrders, "write_journal"), (LocalOrders, "clear_journal"),
    *WRITES,
)  # fmt: skip
Act = Callable[[Machine], None]
Ends = tuple[Sequence[str], str, int]  # events of the attempt, who answers, further pull requests


def deployed(world: Machine) -> None:
    deploy(world, ENV, budget=LONGEST)


def rolled_back(world: Machine) -> None:
    rollback(world, ENV, reason="complaints", dry_run=False)


@dataclass
class Stage:
    """An environment with a verified release, to which others are promoted one after the other."""

    origin: Origin
    world: Machine
    patch: pytest.MonkeyPatch
    traffic: Traffic
    shadows: Traffic
    number: int = 1

    @property
    def target(self) -> Target:
        return self.world.place(ENV)

    def promoted(self) -> tuple[str, str]:
        """A new release and its attempt, which is merged."""
        self.number += 1
        release = f"r-{self.number:012x}"
        write_contract(Bento(release, fake_bento(self.world.root.parent / "bentos" / release)))
        self.origin.git("fetch", "--quiet", "origin")
        self.origin.git("reset", "--quiet", "--hard", "origin/main")
        (live,) = self.target.router.weights()
        return release, self.origin.promote(ENV, release, live)

    def run(self, act: Act, says: Sequence[Says], at: int | None = None) -> Sequence[str]:
        """An act in a process of its own, which is killed at a point. The points that it passed;
        none where it was killed."""
        self.traffic.says, self.shadows.says = list(says), ["wait", "go"]
        passed = FORK.SimpleQueue()

        def child() -> None:
            fault = Fault(lambda _: os.kill(os.getpid(), signal.SIGKILL), at)
            with fault.hooked(self.patch, EFFECTS):
                act(self.world)
            passed.put(fault.passed)

        process = FORK.Process(target=child)
        process.start()
        process.join()
        assert process.exitcode == (0 if at is None else -signal.SIGKILL)
        return passed.get() if at is None else ()

    def end(self, release: str, attempt: str, pulls: int) -> Ends:
        """Of an attempt, in words that fit every release."""
        history = self.world.snapshot().history(ENV)
        tried = next(other for other in history.attempts if other.commit == attempt)
        weights = dict(self.target.router.weights())
        answers = "the release" if release in weights else "its champion"
        assert list(weights.values()) == [100]
        assert not any(pull.state == "open" for pull in self.world.forge.pulls())
        return (
            [event.kind for event in tried.events],
            answers,
            len(self.world.forge.pulls()) - pulls,
        )


@pytest.fixture
def stage(origin: Origin) -> Iterator[Stage]:
    """ONE is verified and live; a release comes by a shadow and a canary."""
    with pytest.MonkeyPatch.context() as patch, machine(origin, patch) as world:
        (origin.path / ".git/info/exclude").write_text(f"{WORKSPACE}/\n", encoding="utf-8")
        made = Stage(origin, world, patch, judged_by(patch), shadowed_by(patch))
        origin.push({"delivery.yaml": policy("[shadow, canary]")}, "Roll out in steps")
        write_contract(Bento(ONE, fake_bento(world.root.parent / "bentos" / ONE)))
        origin.happened(ENV, origin.promote(ENV, ONE), "verified", ONE)
        world.settle(ENV, ONE)
        yield made


@contextmanager
def clients(port: int) -> Iterator[dict[int, int]]:
    """In a process of their own, so that no fork meets their threads. Fills in how many requests
    ended with which status; 0: nobody answered."""
    ended, told, seen = FORK.Event(), FORK.SimpleQueue(), dict[int, int]()

    def ask() -> None:
        load = Load(port, users=100, per_second=20)
        with load.running():
            ended.wait()
        statuses = [answer.status for answer in load.answers]
        told.put({status: statuses.count(status) for status in set(statuses)})

    process = FORK.Process(target=ask)
    process.start()
    try:
        yield seen
    finally:
        ended.set()
        seen.update(told.get())
        process.join()


@pytest.mark.parametrize(
    ("act", "says", "expected"),
    [
        (deployed, ["wait", "go", "wait", "go"], (
            ["deployed", "shadow-1", "step-1", "step-2", "step-3", "verified"], "the release", 0)),
        (deployed, ["wait", "stop"], (
            ["deployed", "shadow-1", "step-1", "rejected"], "its champion", 1)),
        (rolled_back, ["go"], (
            ["deployed", "shadow-1", "step-1", "step-2", "step-3", "verified", "revoked-1"],
            "its champion", 1)),
    ],
    ids=["verified", "rejected", "rolled back"],
)  # fmt: skip
def test_a_process_that_is_killed_anywhere_is_taken_over(
    stage: Stage, act: Act, says: list[Says], expected: Ends
) -> None:
    with clients(int(stage.target.router.port)) as seen:
        points = _killed(stage, act, says, None, expected)
        assert len(points) >= (14 if act is rolled_back else 30), points
        for at in range(0, len(points), STRIDE):
            _killed(stage, act, says, at, expected)
    assert seen.keys() == {200}, seen


def _killed(
    stage: Stage, act: Act, says: Sequence[Says], at: int | None, expected: Ends
) -> Sequence[str]:
    """One release, killed at a point on its way, and run again."""
    pulls = len(stage.world.forge.pulls())
    release, attempt = stage.promoted()
    if act is rolled_back:
        stage.run(deployed, says)
    points = stage.run(act, says, at)
    if at is not None:
        eventually(lambda: not stage.target.router.is_watched(), seconds=10)
        stage.run(act, says[-1:])
    stage.run(deployed, says[-1:])
    assert stage.end(release, attempt, pulls) == expected, at
    return points
