"""Clients divided by pods of `delivery` in front of two releases, behind a real gateway. The same
rules as on the other targets (tests/rollouts), with a compressed canary."""

from __future__ import annotations

import time

import pytest

from delivery.bento.bento import Bento
from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.events.event import State
from delivery.targets.split import Split
from tests.cluster.conftest import Machine
from tests.cluster.place import BUDGET, ENV, ONE, TWO, Cloud, Rollout, comes_up, wants
from tests.delivery.running import eventually
from tests.origin import Origin
from tests.rollouts.load import HEADER, Load

FAILS = "r-fa8000000000"  # 80% of its predictions
USERS, PER_SECOND = 300, 100


@pytest.fixture(scope="module")
def rollout(processes: None) -> Rollout:
    limits = {
        "errors": {"margin": 0.1, "floor": 150, "breakdown": 20},
        "latency": {"p95": 4.0, "p99": 8.0, "floor": 500},
    }
    shares = [5, 50]
    return {"canary": {"shares": shares, "header": HEADER, "exposed": 10, "warm_up": 5, **limits}}


@pytest.fixture
def load(machine: Machine) -> Load:
    return Load(int(machine.url.rpartition(":")[2]), USERS, PER_SECOND)


def kinds(cloud: Cloud, release: str) -> tuple[str, ...]:
    """The events of the last attempt for a release."""
    attempts = cloud.snapshot().history(ENV).attempts
    last = next(each for each in attempts if each.desired.wanted.release == release)
    return tuple(event.kind for event in last.events)


def lost(load: Load) -> list[str]:
    return [
        f"{each.status} {each.release}" for each in load.answers if each.status not in (200, 500)
    ]


def test_a_healthy_one_goes_step_by_step_and_is_rolled_back(
    cloud: Cloud, origin: Origin, load: Load
) -> None:
    comes_up(cloud, origin, ONE)
    with load.running():
        comes_up(cloud, origin, TWO, ONE)
        assert cloud.place.router.weights() == {TWO: 100}
        rollback(cloud, ENV, reason="tried", dry_run=False)
        back = time.time()
        time.sleep(1)
    assert kinds(cloud, TWO)[-4:] == ("step-1", "step-2", "verified", "revoked-1")
    assert lost(load) == []
    assert {each.release for each in load.answers if each.at > back} == {ONE}


def test_one_that_fails_is_rejected_by_what_few_clients_met(
    cloud: Cloud, origin: Origin, load: Load
) -> None:
    wants(origin, FAILS, ONE)
    with load.running():
        assert deploy(cloud, ENV, budget=BUDGET).step.state is State.REJECTED
        back = time.time()
        time.sleep(1)
    met = {each.user for each in load.answers if each.release == FAILS}
    assert 0 < len(met) < USERS * 0.4
    assert lost(load) == []
    assert cloud.place.router.weights() == {ONE: 100}
    assert {each.release for each in load.answers if each.at > back} == {ONE}


@pytest.mark.usefixtures("thorough")
def test_nobody_watches_and_the_champion_answers_everybody(
    cloud: Cloud, machine: Machine, load: Load
) -> None:
    """As after a SIGKILL: nothing is heard of the watcher any more."""
    place = cloud.place
    with place.runtime.lock():
        for release in (ONE, TWO):
            place.runtime.start(Bento(release, cloud.root, machine.image))
        with load.running(), place.router.watched() as lease:
            place.router.divide(Split("b" * 40, 1, ONE, TWO, 50, HEADER), lease)
            assert eventually(lambda: met_lately(load, TWO), seconds=60)
            lease.end()
            assert eventually(lambda: not met_lately(load, TWO), seconds=60)
            assert met_lately(load, ONE)
            assert not place.router.is_watched()
            assert place.router.split() is not None  # nobody wrote the route
        place.router.set_weights({ONE: 100})
        place.runtime.retire({ONE})
    assert lost(load) == []


def met_lately(load: Load, release: str) -> bool:
    """Did anybody in the last two seconds?"""
    return any(
        each.release == release and each.at > time.time() - 2 for each in load.answers[-500:]
    )
