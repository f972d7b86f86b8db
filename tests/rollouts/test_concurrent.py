"""Twenty promotions, deployments and rollbacks at the same moment, from two clones of one machine,
end in one state that both agree on, and no client notices.

Each is a process of its own, with real git, locks, releases and router; the releases are the fake
server of the tests, and their active gates pass.
"""

from __future__ import annotations

import multiprocessing
import random
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.commands.status import EnvironmentStatus, status
from delivery.deployment import active
from delivery.errors import DeliveryError
from delivery.events.event import State
from delivery.storage.checkout import WORKSPACE
from tests.chaos.proposal import propose_release
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.machine import Machine, machine
from tests.delivery.place import judgement
from tests.delivery.running import fake_bento
from tests.origin import Origin
from tests.rollouts.load import Load

pytestmark = pytest.mark.e2e
RELEASES = (TWO, ONE, "r-333333333333", "r-444444444444")  # the first two were live in turn
FORK = multiprocessing.get_context("fork")
ACTS, ROUNDS = 20, 2
KINDS = ("promote", "deploy", "promote", "rollback")
TRIES, PAUSE = 4, 3.0  # who comes second tries again, at most so many seconds later
SETTLES = 4  # deployments by whoever comes next, from both clones in turn


@dataclass
class Clones:
    """Two of them, whose environments are on one machine."""

    here: Sequence[Machine]

    def race(self, seed: int, load: Load) -> Sequence[str]:
        """Twenty acts at the same moment, and deployments until all is done. What each act came to:
        its kind, else why it was refused, or `broke` with what nobody foresaw."""
        start, said = FORK.Barrier(ACTS + 1), FORK.SimpleQueue()

        def run(number: int) -> None:
            try:
                start.wait()
                said.put(self._try(number, random.Random(100 * seed + number)))
            except BaseException:
                said.put(f"broke: {traceback.format_exc()}")

        processes = [FORK.Process(target=run, args=(number,)) for number in range(ACTS)]
        for process in processes:
            process.start()
        with load.running():  # its threads begin after the forks
            start.wait()
            came = [said.get() for _ in processes]
            self._settle()
        for process in processes:
            process.join()
        return came

    def _try(self, number: int, chance: random.Random) -> str:
        kind, why = KINDS[number // 2 % len(KINDS)], ""
        for _ in range(TRIES):
            try:
                self._act(self.here[number % 2], kind, chance)
                return kind
            except DeliveryError as error:
                why = f"refused: {kind}: {error}"
                time.sleep(chance.uniform(0, PAUSE))
        return why

    def _act(self, world: Machine, kind: str, chance: random.Random) -> None:
        if kind == "promote":
            world.forge.merge(propose_release(world, ENV, chance.choice(RELEASES)).number)
        elif kind == "deploy":
            deploy(world, ENV, budget=60)
        else:
            rollback(world, ENV, reason="complaints", dry_run=False)

    def _settle(self) -> None:
        """What is merged is deployed, and what a rejection proposed."""
        for number in range(SETTLES):
            deploy(self.here[number % 2], ENV, budget=60)


@pytest.fixture
def clones(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clones]:
    """ONE is live after TWO; staging has verified all releases."""
    monkeypatch.setenv("DELIVERY_WORKSPACE", str(origin.path / WORKSPACE))
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    other = tmp_path / "other"
    origin.git("clone", "--quiet", str(origin.bare), str(other))
    with machine(origin, monkeypatch) as world:
        for release in RELEASES:
            origin.happened("staging", origin.want("staging", release), "verified", release)
            fake_bento(world.bento(world.snapshot(), release))
        for release, previous in ((TWO, ""), (ONE, TWO)):
            origin.happened(ENV, origin.want(ENV, release, previous), "verified", release)
        world.settle(ENV, ONE, TWO)
        yield Clones((world, Machine(other, lambda _: None)))


def test_twenty_at_once_from_two_clones_end_in_one_state(clones: Clones) -> None:
    here, there = clones.here
    before, came = len(here.snapshot().history(ENV).attempts), Counter[str]()
    for seed in range(ROUNDS):
        load = Load(int(here.place(ENV).router.port), users=300, per_second=50)
        said = clones.race(seed, load)
        assert not [line for line in said if line.startswith("broke")], said
        assert _production(here) == _production(there)
        assert not _production(here).problem, said
        for world in clones.here:
            _require_consistent(world, before)
        assert {answer.status for answer in load.answers} == {200}
        came.update(said)
    assert {"promote", "rollback"} <= set(came), came


def _production(world: Machine) -> EnvironmentStatus:
    return next(row for row in status(world).environments if row.environment == ENV)


def _require_consistent(world: Machine, before: int) -> None:
    """What main wants, what its events say, and what runs are one; each attempt is one merge, and
    nothing happened twice to it. A merge of what main wanted already is no attempt."""
    history, place, pulls = world.snapshot().history(ENV), world.place(ENV), world.forge.pulls()
    assert history.newest.state is State.VERIFIED
    assert history.newest.desired.wanted == history.verified
    assert place.router.weights() == {history.verified.release: 100}
    assert place.runtime.instances().keys() <= {
        history.verified.release, history.previous.release
    }  # fmt: skip
    assert place.orders.journal() is None
    came = history.attempts[: len(history.attempts) - before]
    merged = {pull.merge_commit for pull in pulls if pull.state == "merged"}
    assert {attempt.commit for attempt in came} <= merged
    for attempt in came:
        assert attempt.state.final
        assert max(Counter(event.kind for event in attempt.events).values()) == 1, attempt
    assert sum(pull.state == "open" for pull in pulls) <= 1
