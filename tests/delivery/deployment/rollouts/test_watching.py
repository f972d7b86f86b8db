"""A watcher has a lease from its first step on, and judges what the router wrote down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from delivery.deployment.rollouts import watching as module
from delivery.deployment.rollouts.watching import Watching, since
from delivery.events.event import Event
from delivery.gates.rollout.observations.samples import Samples
from delivery.settings.rollout import Canary
from delivery.state.desired import Desired
from delivery.state.history import Attempt
from delivery.targets.split import Split
from tests.delivery.place import Place, environment
from tests.origin import version

ONE, TWO = "r-111111111111", "r-222222222222"
SPLIT = Split("a" * 40, 2, ONE, TWO, 25)


def attempt(*champions: str) -> Attempt:
    """With a step beside each champion, which get 5%, 10%, …"""
    events = [
        Event("staging", "a" * 40, f"step-{place + 1}", TWO, "local",
              {"share": 5 * (place + 1), "champion": champion, "header": ""},
              f"2026-01-01T00:00:{place:02d}+00:00")
        for place, champion in enumerate(champions)
    ]  # fmt: skip
    return Attempt(environment("staging"), "local", "a" * 40, Desired(version(TWO)), events)


def samples(*steps: int) -> Samples:
    """A request in each."""
    count = len(steps)
    nothing = [""] * count
    return Samples(
        at=np.arange(count), step=steps, candidate=[False] * count, share=[0.05] * count,
        entity=nothing, cause=nothing, seconds=[0.1] * count, rows=[1] * count,
    )  # fmt: skip


@pytest.fixture
def place() -> Place:
    return Place("staging", running={ONE: True, TWO: True}, shares={ONE: 100})


def test_before_a_step_nothing_is_watched_or_judged(place: Place) -> None:
    watching = Watching()
    traffic = watching.traffic(place.target, attempt(), Canary())
    assert (traffic.split, traffic.ours, traffic.verdicts, traffic.died) == (None, False, (), set())
    watching.attend(60)  # returns at once
    assert place.leases == []


def test_the_lease_is_of_this_process_until_it_ends(place: Place) -> None:
    watching, other = Watching(), Watching()
    watching.divide(place.target, SPLIT)
    assert watching.has_lease_of(place.target)
    assert not other.has_lease_of(place.target)
    watching.end()
    assert not place.is_watched()
    other.divide(place.target, SPLIT)
    assert (watching.has_lease_of(place.target), place.is_watched()) == (False, True)
    other.end()


def test_what_died_of_those_with_traffic_is_told(place: Place) -> None:
    watching = Watching()
    watching.divide(place.target, SPLIT)
    place.running[TWO] = False
    tried = attempt(ONE, ONE)
    assert watching.traffic(place.target, tried, Canary()).died == {TWO}
    place.set_weights({ONE: 100})
    assert watching.traffic(place.target, tried, Canary()).died == set(), "it had no traffic"
    watching.end()


def test_only_what_was_compared_with_todays_champion_counts(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def judge(samples: Samples, _: object, *, step: int, attempt: str) -> tuple[()]:
        seen.append((samples.step.tolist(), step, attempt))
        return ()

    monkeypatch.setattr(module.canary, "judge", judge)
    place.recorded = lambda: samples(1, 2, 3)
    Watching().traffic(place.target, attempt("r-other", ONE, ONE), Canary())
    assert seen == [([2, 3], 3, "a" * 40)]
    assert len(since(samples(1, 2), attempt())) == 0


def test_it_looks_until_there_is_something_to_do(place: Place, traffic: Callable[..., Any]) -> None:
    traffic.says = ["wait", "wait", "wait", "stop"]
    watching, tried = Watching(), attempt(ONE)
    watching.traffic(place.target, tried, Canary())
    watching.divide(place.target, SPLIT)
    watching.attend(60)
    assert traffic.says == ["stop"]
    assert place.shares == {ONE: 100}, "before anybody reads main"
    watching.end()


def test_it_looks_no_longer_than_it_is_told(place: Place, traffic: Any) -> None:
    traffic.says = ["wait"]
    watching = Watching()
    watching.traffic(place.target, attempt(ONE), Canary())
    watching.divide(place.target, SPLIT)
    watching.attend(0.05)
    watching.ended.set()
    watching.attend(60)
    watching.end()
