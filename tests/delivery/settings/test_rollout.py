"""How a release comes to all clients, as delivery.yaml says it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from delivery.settings.rollout import Canary, Rollout, Shadow


def test_all_at_once_is_the_default_and_needs_nothing() -> None:
    assert Rollout() == Rollout.model_validate("at_once")
    assert Rollout().canary is None
    assert Rollout().needs == ()


def test_a_name_stands_for_its_defaults() -> None:
    assert Rollout.model_validate("canary") == Rollout(canary=Canary())
    assert Canary().shares == (5, 25, 50)
    assert "shares" in Rollout(canary=Canary()).needs


@pytest.mark.parametrize("shares", [[5], [5, 25, 50], [95], [10, 20, 30, 40]])
def test_shares_rise_by_whole_slots(shares: list[int]) -> None:
    assert list(Canary.model_validate({"shares": shares}).shares) == shares


@pytest.mark.parametrize("shares", [[], [0], [100], [5, 5], [25, 5], [7], [-5, 5], [50, 100]])
def test_other_shares_are_refused_with_an_example(shares: list[int]) -> None:
    with pytest.raises(ValidationError, match=r"rise in multiples of 5.*\[5, 25, 50\]"):
        Canary.model_validate({"shares": shares})


@pytest.mark.parametrize(
    "content",
    [
        "blue_green",
        {"canary": {"share": 5}},
        {"canary": {"header": "a b"}},
        {"shadow": {"mirror": 101}},
        {"shadow": {"pairs": 0}},
        ["canary", "shadow"],
        ["at_once", "canary"],
        ["shadow", "shadow"],
        [],
        7,
    ],
)
def test_what_nobody_knows_is_refused(content: Any) -> None:
    with pytest.raises(ValidationError):
        Rollout.model_validate(content)


def test_a_shadow_comes_before_a_canary() -> None:
    both = Rollout(shadow=Shadow(), canary=Canary())
    assert Rollout.model_validate(["shadow", "canary"]) == both
    assert Rollout.model_validate({"canary": None, "shadow": None}) == both
    assert Rollout.model_validate("shadow") == Rollout(shadow=Shadow())
    with pytest.raises(ValidationError, match="with the shadow first"):
        Rollout.model_validate(["canary", "shadow"])


def test_a_shadow_needs_a_mirror_where_settings_ask_for_one() -> None:
    assert Rollout.model_validate("shadow").needs == ("lasting", "predictions")
    mirrored = Rollout.model_validate({"shadow": {"mirror": 20}, "canary": None})
    assert mirrored.needs == (
        "lasting", "predictions", "mirror", "shares", "sticky", "records",
    )  # fmt: skip
    assert Rollout.model_validate({"shadow": {"mirror": 0}}).needs == ("lasting", "predictions")
