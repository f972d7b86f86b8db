"""Actions are values: what a strategy asks for can be compared, and changes with nothing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any, get_args

import pytest

from delivery.deployment.strategies.action import (
    Action,
    Begin,
    BeginShadow,
    Divide,
    Reflect,
    SetWeights,
    Shadowed,
    Situation,
    Traffic,
)
from delivery.gates.verdict import Verdict
from delivery.settings.rollout import Canary, Shadow
from delivery.state.desired import Desired
from delivery.state.history import Attempt
from delivery.targets.mirror import Mirror
from delivery.targets.split import Split
from tests.delivery.place import environment

SPLIT = Split("a" * 40, 1, "r-one", "r-two", 5)


@pytest.mark.parametrize("kind", get_args(Action))
def test_equal_actions_ask_for_the_same(kind: Any) -> None:
    arguments = {
        SetWeights: ({"r-one": 100},),
        Begin: (5, "r-one"),
        BeginShadow: ("r-one", 10),
        Reflect: (Mirror("a" * 40, 1, "r-one", "r-two", 10),),
        Divide: (SPLIT,),
    }.get(kind, ())
    assert kind(*arguments) == kind(*arguments)


def test_what_was_judged_is_that_of_gates_shadow_and_canary() -> None:
    one, two, three = (Verdict(name, "pass", "m", "r", "w") for name in ("a", "b", "c"))
    now = Situation(
        Attempt(environment("staging"), "local", "a" * 40, Desired(), ()), {}, verdicts=(one,),
        traffic=Traffic(Canary(), 0, verdicts=(three,)),
        shadow=Shadowed(Shadow(), 0, verdicts=(two,)),
    )  # fmt: skip
    assert now.judged == (one, two, three)
    assert replace(now, verdicts=None, traffic=None, shadow=None).judged == ()


def test_a_tick_begins_unconfirmed_and_unjudged() -> None:
    now = Situation(Attempt(environment("staging"), "local", "a" * 40, Desired(), ()), {})
    assert (now.confirmed, now.verdicts, set(now.running)) == (False, None, set())
    with pytest.raises(FrozenInstanceError):
        now.confirmed = True  # type: ignore[misc]
