"""Who asked for a promotion is not the only one who approved it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from delivery.commands.deploy import deploy
from delivery.deployment import active
from delivery.errors import HeldError
from delivery.events.event import State
from delivery.forge.protocol import Approval
from delivery.promotion.approval import require_approved
from tests.delivery.place import World, judgement
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"
ENV = "production"


@dataclass
class Reviewed:
    """The forge of a world, where main wants reviews and has them."""

    forge: Any
    tells: Approval | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.forge, name)

    def approval(self, _: str) -> Approval | None:
        return self.tells


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    """Main wants a promotion that Ada asked for."""
    evidence = Origin.evidence
    monkeypatch.setattr(active, "judge_live", judgement("pass"))
    monkeypatch.setattr(
        Origin, "evidence", lambda *given, **facts: evidence(*given, asked_by="Ada", **facts)
    )
    origin.promote(ENV, ONE)
    return World(origin.path, lambda _: None)


def told(world: World, approval: Approval | None) -> World:
    world.__dict__["forge"] = Reviewed(world.forge, approval)
    return world


def test_what_only_who_asked_approved_does_not_start(world: World) -> None:
    told(world, Approval(7, "", frozenset({"ada"})))
    with pytest.raises(HeldError, match=f"ada asked for {ONE} in production.*pull request #7"):
        deploy(world, ENV, budget=60)
    assert world.places[ENV].running == {}
    assert world.snapshot().attempt(ENV).state is State.MERGED
    told(world, Approval(7, "", frozenset({"ada", "bob"})))
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED


@pytest.mark.parametrize(
    ("author", "by", "held"),
    [
        ("", {"bob"}, False),
        ("", set(), True),
        ("ada", {"bob"}, False),
        ("bob", {"bob"}, True),  # who opened it asked as well
        ("bob", {"ada", "bob"}, True),
        ("bob", {"ada", "bob", "eve"}, False),
    ],
)
def test_somebody_else_has_to_approve(world: World, author: str, by: set[str], held: bool) -> None:
    told(world, Approval(7, author, frozenset(by)))
    snapshot = world.snapshot()
    if not held:
        require_approved(world, snapshot, snapshot.attempt(ENV))
        return
    with pytest.raises(HeldError, match="nobody else approved it"):
        require_approved(world, snapshot, snapshot.attempt(ENV))


def test_what_no_pull_request_brought_is_held(world: World) -> None:
    told(world, Approval())
    snapshot = world.snapshot()
    with pytest.raises(HeldError, match=f"approves commit {snapshot.attempt(ENV).commit}"):
        require_approved(world, snapshot, snapshot.attempt(ENV))


def test_where_the_forge_cannot_tell_nothing_is_asked(world: World) -> None:
    assert world.forge.approval("0" * 40) is None
    told(world, None)
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED


def test_a_machine_that_went_on_by_itself_asked_for_nothing(origin: Origin) -> None:
    origin.promote(ENV, ONE)
    world = told(World(origin.path, lambda _: None), Approval(7, "", frozenset({"ada"})))
    snapshot = world.snapshot()
    require_approved(world, snapshot, snapshot.attempt(ENV))


def test_a_rollback_waits_for_nobody(origin: Origin, world: World) -> None:
    origin.want(ENV, ONE, of=TWO)
    told(world, Approval(7, "", frozenset()))
    snapshot = world.snapshot()
    require_approved(world, snapshot, snapshot.attempt(ENV))
