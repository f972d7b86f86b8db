"""Doubts hold, and say what a person does about them."""

from __future__ import annotations

import pytest

from delivery.errors import HeldError
from delivery.events.doubts import Doubts


def test_without_doubts_nothing_is_held() -> None:
    doubts = Doubts("staging")
    assert not doubts
    doubts.require_none()


def test_every_doubt_is_named_with_its_cure() -> None:
    doubts = Doubts("staging", ("main lost abc",), {"d" * 40: "key 12 is a stranger's"})
    with pytest.raises(HeldError) as held:
        doubts.require_none()
    for part in ("main lost abc", "entry dddddddddddd: key 12", "delivery attest staging"):
        assert part in str(held.value)
    assert doubts.lines == ("main lost abc", "entry dddddddddddd: key 12 is a stranger's")


def test_entries_that_are_doubted_for_one_reason_stand_together() -> None:
    doubts = Doubts(
        "staging", (), {"a" * 40: "by a stranger", "b" * 40: "no event", "c" * 40: "by a stranger"}
    )
    assert str(doubts) == (
        "2 entries, aaaaaaaaaaaa to cccccccccccc: by a stranger; entry bbbbbbbbbbbb: no event"
    )
    assert len(doubts.lines) == 3


@pytest.mark.parametrize(
    "doubts",
    [Doubts("staging", ("main lost abc",)), Doubts("staging", (), {"d" * 40: "a stranger's"})],
)
def test_one_kind_of_doubt_is_enough_to_hold(doubts: Doubts) -> None:
    assert doubts
    with pytest.raises(HeldError, match=r"docs/trust\.md"):
        doubts.require_none()


def test_many_entries_are_named_by_the_first_and_the_last() -> None:
    doubts = Doubts("staging", (), {letter * 40: "no event" for letter in "abcd"})
    assert str(doubts) == "4 entries, aaaaaaaaaaaa to dddddddddddd: no event"
