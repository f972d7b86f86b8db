"""Whole slots change hands, and each client is in one."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from delivery.targets.split import SLOTS, Split, slot_of, slots_of

SHARES = range(5, 100, 5)


def split(share: int, attempt: str = "a" * 40) -> Split:
    return Split(attempt, 1, "r-one", "r-two", share)


@pytest.mark.parametrize("share", SHARES)
def test_a_share_is_so_many_slots(share: int) -> None:
    assert len(split(share).slots) == share * SLOTS // 100
    assert split(share).weights == {"r-one": 100 - share, "r-two": share}


def test_a_larger_share_takes_no_slot_back() -> None:
    for smaller, larger in pairwise(SHARES):
        assert split(smaller).slots < split(larger).slots


def test_attempts_begin_with_other_slots_and_other_clients() -> None:
    first = {next(iter(slots_of(f"{number:040x}", 5))) for number in range(100)}
    assert len(first) > 15
    slots = {slot_of(f"{number:040x}", "ann") for number in range(100)}
    assert len(slots) > 15


def test_clients_are_spread_evenly() -> None:
    counts = Counter(slot_of("a" * 40, f"client-{number}") for number in range(20_000))
    assert max(abs(counts[slot] - 1000) for slot in range(SLOTS)) < 150


@pytest.mark.parametrize("share", [0, 100, 7, -5, 105])
def test_no_share_is_less_than_a_slot_or_everything(share: int) -> None:
    with pytest.raises(ValueError, match="percent"):
        split(share)


def test_a_stamp_names_attempt_step_and_share() -> None:
    assert split(25, "0123456789abcdef").stamp == "0123456789ab.1.25"
