"""A winner is proposed once, and nothing else is promoted meanwhile."""

from __future__ import annotations

import threading

import pytest

from delivery.deployment import advance as advancing
from delivery.deployment.advance import PromoteRequest, advance
from delivery.deployment.experiments.winner import conducted, propose_winner, won
from delivery.errors import HeldError
from tests.delivery.deployment.experiments.lab import LONG, Lab
from tests.delivery.deployment.production import ENV, ONE, TWO


def titles(made: Lab, state: str = "open") -> list[str]:
    return [pull.title for pull in made.world.forge.pulls() if pull.state == state]


def test_it_is_watched_until_it_ends_and_the_winner_is_proposed(made: Lab) -> None:
    made.serve(made.begin(), (0.5, 0.9))
    look = conducted(made.world, ENV, threading.Event())
    assert look.conclusion is not None
    assert titles(made) == [f"Promote {TWO} to {ENV}"]


def test_what_a_person_closed_stays_closed(made: Lab) -> None:
    made.serve(made.begin(), (0.5, 0.9))
    conducted(made.world, ENV, threading.Event())
    made.world.forge.close(made.world.forge.pulls()[0].number, "not now")
    assert propose_winner(made.world, ENV) is None
    assert titles(made) == []


def test_a_winner_that_a_gate_refuses_is_told_and_tried_again(made: Lab) -> None:
    def refuses(*_: object) -> None:
        raise HeldError("its data are gone")

    told: list[str] = []
    vars(made.world)["progress"] = told.append
    made.serve(made.begin(), (0.5, 0.9))
    with made.patch.context() as within:
        within.setattr(advancing, "judge", refuses)
        conducted(made.world, ENV, threading.Event())
    assert any("won in production and is not proposed: its data are gone" in line for line in told)
    assert propose_winner(made.world, ENV) is not None


def test_equal_releases_propose_nothing(made: Lab) -> None:
    made.serve(made.begin(), (0.8, 0.8))
    conducted(made.world, ENV, threading.Event())
    assert won(made.world.snapshot(), ENV) is None
    assert titles(made) == []


def test_nothing_is_promoted_while_it_runs(made: Lab) -> None:
    made.begin(day=LONG)
    with pytest.raises(HeldError, match=f"an experiment with {TWO} runs"):
        advance(made.world, made.world.snapshot(), PromoteRequest(ENV), TWO)


def test_at_the_end_of_the_budget_the_champion_has_all_clients(made: Lab) -> None:
    made.begin(day=LONG)
    assert conducted(made.world, ENV, threading.Event(), budget=0.0).conclusion is None
    assert made.place.shares == {ONE: 100}
    assert not made.place.is_watched()
