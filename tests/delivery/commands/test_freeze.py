"""A frozen environment takes no promotion until that is lifted, and takes rollbacks."""

from __future__ import annotations

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.freeze import freeze, thaw
from delivery.commands.history import history
from delivery.commands.pending import pending
from delivery.commands.rollback import rollback
from delivery.commands.status import status
from delivery.deployment import active
from delivery.errors import HeldError, InputError
from delivery.events.event import State
from tests.checkout import POLICY
from tests.delivery.deployment.production import ENV, ONE, TWO, bring_up, state
from tests.delivery.place import World, judgement
from tests.origin import Origin

ALWAYS = "{ windows: [{ first: 2000-01-01, last: 2999-12-30, why: the year-end close }] }"


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    """ONE is live."""
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    made = World(origin.path, lambda _: None)
    bring_up(origin, made, ONE)
    return made


def test_a_promotion_waits_until_that_is_lifted(origin: Origin, world: World) -> None:
    result = freeze(world, ENV, reason="an audit")
    assert "an audit" in result.why
    origin.promote(ENV, TWO, ONE)
    with pytest.raises(HeldError, match=r"an audit.*--lift"):
        deploy(world, ENV, budget=60)
    assert state(world) is State.MERGED
    assert world.places[ENV].shares == {ONE: 100}
    assert set(world.places[ENV].running) == {ONE}, "it does not even start"
    assert ENV not in pending(world).environments
    row = status(world).environments[1]
    assert "an audit" in row.problem
    assert "--lift" in row.cure

    assert thaw(world, ENV, reason="it is over").why == ""
    assert ENV in pending(world).environments
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert world.places[ENV].shares == {TWO: 100}
    assert status(world).environments[1].frozen == ""


def test_a_rollback_does_not_wait(origin: Origin, world: World) -> None:
    origin.promote(ENV, TWO, ONE)
    deploy(world, ENV, budget=60)
    freeze(world, ENV, reason="an audit")
    rollback(world, ENV, reason="complaints", dry_run=False)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert world.places[ENV].shares == {ONE: 100}
    row = status(world).environments[1]
    assert "an audit" in row.frozen
    assert row.problem == "", "what nothing waits for is no problem"


def test_a_window_of_mains_policy_holds_and_no_order_lifts_it(origin: Origin, world: World) -> None:
    port = "target: { kind: local, port: 7102 }"
    policy = POLICY.read_text(encoding="utf-8").replace(port, f"{port}\n    freeze: {ALWAYS}")
    origin.git("pull", "--quiet", "origin", "main")
    origin.push({"delivery.yaml": policy}, "Close the year")
    origin.promote(ENV, TWO, ONE)
    with pytest.raises(HeldError, match="until 2999-12-31 00:00 UTC: the year-end close"):
        deploy(world, ENV, budget=60)
    assert "the year-end close" in thaw(world, ENV, reason="hurry").why


def test_a_rollback_that_fails_freezes_loudly(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.promote(ENV, TWO, ONE)
    deploy(world, ENV, budget=60)
    rollback(world, ENV, reason="complaints", dry_run=False)
    monkeypatch.setattr(active, "judge_live", judgement("fail"))
    assert deploy(world, ENV, budget=60).step.state is State.REJECTED
    row = status(world).environments[1]
    assert f"FROZEN, because a rollback failed: the rollback from {TWO} to {ONE}" in row.problem
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    origin.git("pull", "--quiet", "origin", "main")
    origin.promote(ENV, "r-333333333333", ONE)
    with pytest.raises(HeldError, match="FROZEN"):
        deploy(world, ENV, budget=60)
    thaw(world, ENV, reason="looked at it")
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED


def test_who_froze_it_stands_in_the_history_and_changes_nothing_else(world: World) -> None:
    before = history(world, ENV).attempts[0]
    freeze(world, ENV, reason="an audit")
    after = history(world, ENV).attempts[0]
    assert after.events == (*before.events, "frozen-1")
    assert (after.state, after.by, after.verdicts) == (before.state, before.by, before.verdicts)


@pytest.mark.parametrize("reason", ["", "  "])
def test_it_needs_a_reason(world: World, reason: str) -> None:
    with pytest.raises(InputError, match="--reason"):
        freeze(world, ENV, reason=reason)
    assert status(world).environments[1].frozen == ""
