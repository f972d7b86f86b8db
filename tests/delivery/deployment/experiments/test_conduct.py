"""An experiment under a lease: in force while it is watched, and ended as it was decided, whenever
its watcher was killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.deployment.experiments.conduct import Conduct
from delivery.deployment.experiments.winner import propose_winner
from delivery.errors import HeldError
from delivery.events.experiments import experiments_of
from delivery.state.event_writer import EventWriter
from tests.delivery.deployment.experiments.lab import LONG, Lab
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.place import Killed, Place, World

BOTH = {ONE: 50, TWO: 50}


def result(made: Lab) -> str:
    """Of the newest experiment; empty while it runs."""
    newest = experiments_of(made.world.snapshot().attempt(ENV).events)[-1]
    return str((newest.conclusion or {}).get("result", ""))


def test_clients_meet_the_challenger_while_it_is_watched(made: Lab) -> None:
    made.begin(day=LONG)
    with Conduct(made.world, ENV) as conduct:
        look = conduct.tick()
        assert look.conclusion is None
        assert made.place.shares == BOTH
        assert made.place.is_watched()
        with Conduct(made.world, ENV) as second, pytest.raises(HeldError, match="another command"):
            second.tick()
    assert not made.place.is_watched()


@pytest.mark.parametrize(
    ("acts", "share", "ends"),
    [
        ((0.5, 0.9), 0.5, "winner"),
        ((0.9, 0.5), 0.5, "worse"),
        ((0.8, 0.8), 0.5, "no difference"),
        ((0.5, 0.9), 0.9, "void"),
    ],
)
def test_it_ends_as_users_decide(
    made: Lab, acts: tuple[float, float], share: float, ends: str
) -> None:
    made.serve(made.begin(), acts, share=share)
    with Conduct(made.world, ENV) as conduct:
        conclusion = conduct.tick().conclusion
        assert conclusion is not None
        assert conclusion.result == ends, conclusion
        assert conduct.tick().experiment is None
    assert made.place.shares == {ONE: 100}
    assert result(made) == ends


def test_a_challenger_that_dies_while_it_is_watched_is_harm(made: Lab) -> None:
    made.begin(day=LONG)
    with Conduct(made.world, ENV) as conduct:
        conduct.tick()
        made.place.running[TWO] = False
        conduct.tick()
    assert result(made) == "harmed"
    assert made.place.shares == {ONE: 100}


def test_one_that_died_while_nobody_watched_is_started_again(made: Lab) -> None:
    made.begin(day=LONG)
    with Conduct(made.world, ENV) as conduct:
        conduct.tick()
    made.place.running[TWO] = False
    with Conduct(made.world, ENV) as conduct:
        conduct.tick()
        assert made.place.running[TWO]
    assert result(made) == ""


def test_a_rollback_ends_it(made: Lab) -> None:
    made.begin(day=LONG)
    with Conduct(made.world, ENV) as conduct:
        conduct.tick()
        rollback(made.world, ENV, reason="an incident", dry_run=False, close=True)
        assert made.place.shares == {}
        assert conduct.tick().experiment is None
    assert made.place.shares == {}


def test_a_promotion_that_was_merged_ends_it(made: Lab) -> None:
    made.begin(day=LONG)
    with Conduct(made.world, ENV) as conduct:
        conduct.tick()
        made.origin.want(ENV, TWO, ONE)
        assert conduct.tick().experiment is None
    assert made.place.shares == {ONE: 100}


def test_a_deployment_of_what_is_verified_leaves_it_alone(
    made: Lab, verdicts: Callable[[Any], None]
) -> None:
    verdicts("pass")
    made.begin(day=LONG)
    with Conduct(made.world, ENV) as conduct:
        conduct.tick()
        deploy(made.world, ENV, budget=60)
        assert made.place.shares == BOTH
        assert made.place.running[TWO]


@pytest.mark.parametrize("at", range(12))
def test_killed_anywhere_it_ends_the_same(made: Lab, at: int) -> None:
    made.serve(made.begin(), (0.5, 0.9))
    passed = _killed(made, at)
    assert len(passed) == at, "it was killed there"
    assert made.place.shares, passed
    assert not made.place.is_watched(), passed
    assert _killed(made, None) is not None
    assert result(made) == "winner"
    assert made.place.shares == {ONE: 100}
    titles = [(pull.title, pull.state) for pull in made.world.forge.pulls()]
    assert titles == [(f"Promote {TWO} to {ENV}", "open")]


def _killed(made: Lab, at: int | None) -> list[str]:
    """A watch that is killed before or after its side effect number `at`; those before it."""
    passed: list[str] = []

    def around(name: str, effect: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **more: Any) -> Any:
            _point(f"before {name}")
            done = effect(*arguments, **more)
            _point(f"after {name}")
            return done

        return wrapped

    def _point(name: str) -> None:
        if len(passed) == at:
            raise Killed(name)
        passed.append(name)

    with pytest.MonkeyPatch.context() as within:
        for name in ("start", "divide", "set_weights"):
            within.setattr(Place, name, around(name, getattr(Place, name)))
        within.setattr(EventWriter, "write", around("an event", EventWriter.write))
        within.setattr(EventWriter, "propose", around("a proposal", EventWriter.propose))
        try:
            _watch(made.world)
        except Killed:
            assert at is not None
    return passed


def _watch(world: World) -> None:
    with Conduct(world, ENV) as conduct:
        for look in conduct.looks():
            assert look.conclusion or look.experiment is None
    propose_winner(world, ENV)
