"""`delivery experiment`, played against real processes in tests/rollouts/test_experiments.py."""

from __future__ import annotations

import pytest

from delivery.commands.experiment import experiment_status, plan, start, stop
from delivery.commands.status import status
from tests.delivery.deployment.experiments.lab import LONG, Lab, lab
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.place import World
from tests.origin import Origin


@pytest.fixture
def made(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return lab(origin, World(origin.path, lambda _: None), monkeypatch)


def test_a_plan_changes_nothing(made: Lab) -> None:
    planned = plan(made.world, ENV, TWO)
    assert (planned.champion, planned.challenger, planned.running) == (ONE, TWO, None)
    assert "experiment-1" not in made.kinds


def test_a_killed_start_is_gone_on_with_and_the_winner_is_shown(made: Lab) -> None:
    made.serve(made.begin(), (0.5, 0.9))
    first = start(made.world, ENV, TWO, budget=60)
    assert first.result == "winner"
    assert first.pull is not None
    again = start(made.world, ENV, TWO, budget=60)
    assert (again.result, again.pull) == ("winner", first.pull)
    assert made.kinds.count("experiment-1") == 1


def test_status_names_what_nobody_watches_and_the_command_for_it(made: Lab) -> None:
    made.begin(day=LONG)
    unwatched = start(made.world, ENV, TWO, budget=0.0)
    assert "nobody watches it now" in unwatched.goes_on
    row = next(row for row in status(made.world).environments if row.environment == ENV)
    assert "nobody watches the experiment" in row.problem
    assert row.cure == f"delivery experiment start {ENV} --release {TWO}"


def test_what_ended_is_shown(made: Lab) -> None:
    made.begin(day=LONG)
    assert stop(made.world, ENV, "enough").result == "stopped"
    shown = experiment_status(made.world, ENV)
    assert shown.running is None
    assert [one.conclusion["result"] for one in shown.ended if one.conclusion] == ["stopped"]
