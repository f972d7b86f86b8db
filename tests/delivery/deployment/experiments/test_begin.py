"""When an experiment begins, when it must not, and how a person ends it."""

from __future__ import annotations

import pytest

from delivery.deployment.experiments import begin as module
from delivery.deployment.experiments.begin import begin, planned, stop
from delivery.deployment.experiments.conduct import Conduct
from delivery.errors import HeldError, InputError, RefusedError
from delivery.events.experiments import experiments_of, running
from delivery.targets.protocol import Capabilities
from tests.delivery.deployment.experiments.lab import LONG, Lab
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.place import judgement


def test_it_is_written_down_before_any_client_meets_the_challenger(made: Lab) -> None:
    now = begin(made.world, ENV, TWO)
    assert (now.champion, now.challenger, now.number) == (ONE, TWO, 1)
    assert now.settings["share"] == 50
    assert made.kinds == ["deployed", "verified", "experiment-1"]
    assert made.place.shares == {ONE: 100}
    assert made.place.running[TWO]


def test_run_again_it_is_the_same(made: Lab) -> None:
    assert begin(made.world, ENV, TWO) == begin(made.world, ENV, TWO)
    assert made.kinds.count("experiment-1") == 1


def test_what_an_active_gate_refuses_does_not_take_part(made: Lab) -> None:
    made.patch.setattr(module, "judge_live", judgement("fail"))
    with pytest.raises(RefusedError, match=r"smoke: .*deploy production` ends its process"):
        begin(made.world, ENV, TWO)
    assert "experiment-1" not in made.kinds
    assert made.place.shares == {ONE: 100}


def test_one_at_a_time(made: Lab) -> None:
    made.begin()
    other = "r-333333333333"
    made.origin.happened("staging", made.origin.want("staging", other, TWO), "verified", other)
    with pytest.raises(HeldError, match=f"experiment with {TWO} runs in {ENV}"):
        planned(made.world, made.world.snapshot(), ENV, other)


def test_not_with_what_is_live(made: Lab) -> None:
    with pytest.raises(HeldError, match="another release"):
        begin(made.world, ENV, ONE)


def test_not_while_a_release_is_on_its_way(made: Lab) -> None:
    made.origin.want(ENV, TWO, ONE)
    with pytest.raises(HeldError, match="merged"):
        begin(made.world, ENV, ONE)


def test_not_with_what_was_never_verified(made: Lab) -> None:
    made.origin.want("staging", "r-333333333333", TWO)
    with pytest.raises(HeldError, match="not verified in staging"):
        begin(made.world, ENV, "r-333333333333")


def test_a_target_that_cannot_divide_clients_is_named(made: Lab) -> None:
    made.place.capabilities = Capabilities(lasting=True)
    with pytest.raises(InputError, match="needs shares, sticky, records"):
        begin(made.world, ENV, TWO)


def test_outcomes_that_are_nowhere_are_named(made: Lab) -> None:
    (made.world.root / "told.jsonl").unlink()
    with pytest.raises(InputError, match=r"told.jsonl is not there"):
        begin(made.world, ENV, TWO)


def test_a_person_ends_it_with_a_reason(made: Lab) -> None:
    made.begin(day=LONG)
    with pytest.raises(InputError, match="reason"):
        stop(made.world, ENV, " ")
    with Conduct(made.world, ENV) as conduct:
        conduct.tick()
        assert made.place.shares == {ONE: 50, TWO: 50}
        stop(made.world, ENV, "a mistake")
        assert made.place.shares == {ONE: 100}
    events = made.world.snapshot().attempt(ENV).events
    assert running(events) is None
    (ended,) = experiments_of(events)
    assert ended.conclusion is not None
    assert ended.conclusion["result"] == "stopped"
    assert "a mistake" in ended.conclusion["why"]
    with pytest.raises(InputError, match="no experiment runs"):
        stop(made.world, ENV, "again")
