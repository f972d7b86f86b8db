"""Experiments end as they should: the better release is proposed, equal ones stay as they are, and
nothing is concluded from a split that is not the wanted one."""

from __future__ import annotations

import threading

import pytest

from delivery.commands.experiment import experiment_status, start, stop
from delivery.deployment.experiments.winner import conducted
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.running import eventually
from tests.origin import Origin
from tests.rollouts.experiments import Lab, lab
from tests.rollouts.scenario import Stage
from tests.rollouts.scenarios import astray

pytestmark = pytest.mark.e2e
LONGEST = 90.0


def met(made: Lab) -> set[str]:
    return {answer.release for answer in made.load.answers}


def test_the_better_release_wins_and_is_proposed(origin: Origin) -> None:
    with lab(origin, better=0.9) as made:
        result = start(made.world, ENV, TWO, budget=LONGEST)
        assert result.result == "winner", result
        assert result.pull is not None
        assert made.pulls == [f"Promote {TWO} to {ENV}"]
        assert met(made) == {ONE, TWO}
        assert made.world.place(ENV).router.weights() == {ONE: 100}
        assert {answer.status for answer in made.load.answers} == {200}
        again = start(made.world, ENV, TWO, budget=LONGEST)
        assert again.pull == result.pull, "run again, it proposes nothing else"


def test_equal_releases_end_in_no_difference(origin: Origin) -> None:
    with lab(origin) as made:
        result = start(made.world, ENV, TWO, budget=LONGEST)
        assert result.result == "no difference", result
        assert made.pulls == []
        assert made.world.place(ENV).router.weights() == {ONE: 100}


def test_a_share_that_is_not_the_wanted_one_is_no_verdict(origin: Origin) -> None:
    with lab(origin, better=0.9, share=25) as made:
        place = made.world.place(ENV)
        ended: list[str] = []

        def watch() -> None:
            ended.append(start(made.world, ENV, TWO, budget=LONGEST).result)

        watcher = threading.Thread(target=watch)
        watcher.start()
        eventually(lambda: place.router.weights().get(TWO) == 25, seconds=30)
        astray(Stage(origin, made.world, pytest.MonkeyPatch()))
        watcher.join()
        assert ended == ["void"], made.conclusion
        assert made.pulls == []
        assert place.router.weights() == {ONE: 100}


def test_it_lasts_as_long_as_somebody_watches_and_is_stopped_by_a_person(origin: Origin) -> None:
    with lab(origin) as made:
        result = start(made.world, ENV, TWO, budget=1.0)
        assert result.result == ""
        assert "nobody watches" in result.goes_on
        place = made.world.place(ENV)
        assert place.router.weights() == {ONE: 100}
        shown = experiment_status(made.world, ENV).running
        assert shown is not None
        assert not shown.is_watched
        assert sum(shown.entities) > 0
        ended = threading.Event()
        watcher = threading.Thread(target=conducted, args=(made.world, ENV, ended))
        watcher.start()
        try:
            eventually(place.router.is_watched, seconds=30)
            stop(made.world, ENV, "enough")
            eventually(lambda: place.router.weights() == {ONE: 100}, seconds=15)
            assert made.conclusion["result"] == "stopped"
            assert "enough" in made.conclusion["why"]
        finally:
            ended.set()
            watcher.join()
