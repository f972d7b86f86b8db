"""The story of a rollout: its events, and what the router and the pairs have shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.deployment.rollouts.chronicle import chronicle, newest_rollout
from delivery.deployment.rollouts.comparison import journal_of
from delivery.events.event import Event
from delivery.gates.rollout.observations.pairs import Compared, Question
from delivery.state.desired import Desired
from delivery.state.history import Attempt, History
from delivery.targets.protocol import Capabilities
from tests.delivery.deployment.rollouts.test_comparison import attempt as shadowing
from tests.delivery.deployment.rollouts.test_view import place, requests
from tests.delivery.deployment.rollouts.test_watching import ONE, TWO, attempt
from tests.delivery.place import Place, environment
from tests.origin import version


def rejected() -> Attempt:
    """In its second step, after 100 s."""
    tried = attempt(ONE, ONE)
    evidence = {"why": "errors: more", "verdicts": {"exposure": "pass", "errors": "fail"}}
    at = "2026-01-01T00:01:40+00:00"
    end = Event("staging", tried.commit, "rejected", TWO, "local", evidence, at, "ada@laptop")
    return replace(tried, events=[*tried.events, end])


def test_it_tells_the_events_in_words() -> None:
    told = chronicle(place().target, rejected())
    assert [moment.kind for moment in told.moments] == ["step-1", "step-2", "rejected"]
    assert told.moments[0].says == f"5% beside {ONE}"
    assert told.moments[-1].says == "errors: more; errors: fail; exposure passed"
    assert told.moments[-1].by == "ada@laptop"
    assert (told.champion, told.candidate, told.state, told.seconds) == (ONE, TWO, "rejected", 100)


def test_the_planned_share_rises_with_the_steps_and_ends_with_the_verdict() -> None:
    planned = chronicle(place().target, rejected()).curves.planned
    assert [share for _, share in planned] == [0, 5, 5, 10, 10, 0]


def test_curves_count_what_the_router_wrote_down() -> None:
    told = chronicle(place(recorded=lambda: requests(1000)).target, rejected())
    curves = told.curves
    assert (curves.candidate[-1][1], curves.champion[-1][1]) == (50, 950)
    assert len(curves.candidate) <= 120
    assert curves.met[0][1] == pytest.approx(5, abs=2)
    assert curves.failed[0][-1][1] == 0
    assert told.verdicts[0].gate == "exposure"


def test_where_nothing_is_written_down_the_events_remain() -> None:
    unable = Place("staging", capabilities=Capabilities(lasting=True, shares=True))
    told = chronicle(unable.target, rejected())
    assert not told.curves.candidate
    assert told.verdicts == ()
    assert told.moments


def test_pairs_of_a_shadow_are_told_too(tmp_path: Path) -> None:
    made = Place("staging", running={ONE: True, TWO: True}, predictions=tmp_path)
    tried = shadowing(10)
    journal = journal_of(made.target, tried)
    journal.begin(Question(threshold=0.5, own_threshold=0.5))
    journal.add([Compared("one", 1.0, [0.1, 0.2], [0.1, 0.9]), Compared("two", 2.0, [0.1], None)])
    curves = chronicle(made.target, tried).curves
    assert curves.changed == [(1, 0), (2, 50), (3, pytest.approx(100 / 3))]
    assert curves.failing == [(1, 0), (2, 0), (3, pytest.approx(100 / 3))]


def test_the_newest_that_rolled_out_is_found() -> None:
    here = environment("staging")
    bare = Attempt(here, "local", "b" * 40, Desired(version(ONE)), ())
    history = History(here, (bare, rejected(), bare))
    found = newest_rollout(history)
    assert found is not None
    assert found.commit == rejected().commit
    assert newest_rollout(history, ONE) is None
    assert newest_rollout(history, TWO) == found
