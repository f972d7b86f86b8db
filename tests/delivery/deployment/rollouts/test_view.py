"""How a rollout stands, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.deployment.rollouts.comparison import journal_of
from delivery.deployment.rollouts.view import RolloutView, ShadowView, view
from delivery.deployment.strategies.shadow import mirror_of
from delivery.events.steps import shades_of
from delivery.gates.rollout.observations.pairs import Compared, Question
from delivery.gates.rollout.observations.samples import Samples
from delivery.targets.split import Split
from tests.delivery.deployment.rollouts.test_comparison import attempt as shadowing
from tests.delivery.deployment.rollouts.test_comparison import line, logged
from tests.delivery.deployment.rollouts.test_watching import ONE, TWO, attempt
from tests.delivery.place import Place

SPLIT = Split("a" * 40, 1, ONE, TWO, 5)


def requests(count: int, per_second: float = 10) -> Samples:
    """Of which each twentieth reaches the candidate."""
    nothing = [""] * count
    return Samples(
        at=np.arange(count) / per_second, step=[1] * count, candidate=np.arange(count) % 20 == 0,
        share=[0.05] * count, entity=nothing, cause=nothing, seconds=[0.1] * count,
        rows=[1] * count,
    )  # fmt: skip


def place(**more: Any) -> Place:
    made = Place("staging", running={ONE: True, TWO: True}, **more)
    with made.watched() as lease:
        made.divide(SPLIT, lease)
    return made


def test_where_nothing_rolls_out_there_is_nothing_to_see() -> None:
    assert view(Place("staging").target, attempt()) is None


def test_it_says_what_it_waits_for_and_when_that_can_come() -> None:
    made = place(recorded=lambda: requests(1000))
    made.leases[-1].renew()
    seen = view(made.target, attempt(ONE))
    assert seen is not None
    assert (seen.step, seen.steps, seen.share) == (1, 3, 5)
    assert seen.requests == (50, 950)
    assert seen.per_second == pytest.approx(10, rel=0.02)
    assert seen.waits_for.startswith("wait: exposure")
    assert seen.earliest_s
    assert seen.needed == 270
    assert "step 1 of 3: 5% of the clients meet r-222222222222" in str(seen)
    assert "min at the earliest, at 10 requests a second" in str(seen)


def test_without_traffic_nothing_is_promised() -> None:
    made = place()
    made.leases[-1].renew()
    seen = view(made.target, attempt(ONE))
    assert seen is not None
    assert (seen.earliest_s, seen.requests) == (None, (0, 0))
    assert str(seen).endswith("no requests come")


def test_a_shadow_says_how_many_pairs_the_next_decision_needs(tmp_path: Path) -> None:
    made = Place("staging", running={ONE: True, TWO: True}, predictions=tmp_path)
    tried = shadowing(10)
    seen = view(made.target, tried)
    assert str(seen) == f"nobody watches the shadow, so nothing reaches {TWO}"
    journal = journal_of(made.target, tried)
    journal.begin(Question())
    journal.add([Compared("one", 1.0, [0.1, 0.2], [0.1, 0.2], mirrored=True)])
    journal.add([Compared("two", 1.0, [0.1], None), Compared("three", 1.0, [0.1], [0.1])])
    with made.watched() as lease:
        made.reflect(mirror_of(tried, shades_of(tried.events)[0]), lease)
        seen = view(made.target, tried)
    assert isinstance(seen, ShadowView)
    assert (seen.pairs, seen.mirrored, seen.failed, seen.needed) == (4, 2, 1, 996)
    assert "4 rows that r-111111111111 answered (2 copied by the router), and failed 1" in str(seen)
    assert str(seen).endswith("996 more until the next decision, and no requests come")


@pytest.mark.parametrize(
    ("before", "seconds", "words"),
    [
        (0, 80, "1 min at the earliest, at 5 rows a second"),
        (300, 20, "20 s at the earliest, at 5 rows a second"),
        (500, 0, "which clients have asked for already"),
    ],
)
def test_a_shadow_says_when_its_decision_can_come(
    tmp_path: Path, before: int, seconds: float, words: str
) -> None:
    """602 rows came in two minutes; those from before the shadow count too."""
    made = Place("staging", running={ONE: True, TWO: True}, predictions=tmp_path)
    tried = shadowing()
    journal_of(made.target, tried).begin(Question())
    logged(made, *(line(n - before) for n in range(before)), line(1, TWO))
    logged(made, *(line(n / 2.5, score=[0.5, 0.5]) for n in range(301)))
    with made.watched() as lease:
        made.reflect(mirror_of(tried, shades_of(tried.events)[0]), lease)
        seen = view(made.target, tried)
    assert isinstance(seen, ShadowView)
    assert (seen.needed, seen.earliest_s) == (1000, pytest.approx(seconds, abs=1))
    assert str(seen).endswith(f"1,000 more until the next decision, {words}")


def test_a_shadow_says_where_it_differs_most(tmp_path: Path) -> None:
    made = Place("staging", running={ONE: True, TWO: True}, predictions=tmp_path)
    tried = shadowing(10)
    journal = journal_of(made.target, tried)
    journal.begin(Question(threshold=0.5, own_threshold=0.5, segments=("to",)))
    journal.add([
        Compared(f"k{n}", n, [0.4], [0.6 if n % 40 == 0 else 0.4], segments={"to": ["AA"]})
        for n in range(1000)
    ])  # fmt: skip
    with made.watched() as lease:
        made.reflect(mirror_of(tried, shades_of(tried.events)[0]), lease)
        assert "most answers change where to is 'AA': 2.50% of 1,000" in str(
            view(made.target, tried)
        )


def test_without_a_watcher_nobody_meets_it() -> None:
    seen = view(place().target, attempt(ONE))
    assert str(seen) == f"nobody watches the rollout, so no client meets {TWO}"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, ""), (59, "59 s"), (600, "10 min"), (9000, "2.5 h")]
)
def test_times_are_rounded_for_people(seconds: float, words: str) -> None:
    shown = str(RolloutView(TWO, ONE, 5, 1, 3, True, (1, 2), 10, "wait: w", seconds, 300))
    assert (f"; {words} at the earliest" in shown) == bool(words)
