"""Blocks of time and the moments at which a test may look."""

from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout.dependence.blocks import blocks, effective, levels, looks, missing
from delivery.gates.rollout.observations.samples import EMPTY, concatenated
from tests.delivery.gates.rollout.traffic import Traffic

ODD = Traffic().requests(np.random.default_rng(1), 3_000, 0.05)
EVEN = Traffic().requests(np.random.default_rng(2), 1_000, 0.5, step=1, began=2e9)


def test_blocks_are_in_order_of_one_size_and_of_one_step() -> None:
    samples = concatenated([ODD, EVEN])
    code = blocks(samples)
    assert (np.diff(code) >= 0).all()
    assert np.unique(code).tolist() == list(range(40))
    assert not set(code[samples.step == 0]) & set(code[samples.step == 1])
    sizes = np.bincount(code)
    assert sizes.min() >= 0.9 * sizes.max()


@pytest.mark.parametrize("size", [1, 2, 39])
def test_few_requests_have_a_block_each(size: int) -> None:
    assert blocks(EVEN[:size]).tolist() == list(range(size))


def test_even_arms_are_worth_what_they_have_and_uneven_ones_less() -> None:
    own = EVEN.candidate.sum()
    assert effective(EVEN)[-1] == pytest.approx(2 * own * (1_000 - own) / 1_000)
    assert effective(ODD)[-1] < 2 * ODD.candidate.sum()
    assert (np.diff(effective(concatenated([ODD, EVEN]))) >= 0).all()


def test_looks_are_the_same_whenever_one_asks() -> None:
    whole = list(looks(EVEN, 100))
    assert whole[0] < whole[1] < whole[-1] <= 1_000
    for size in (whole[0] - 1, whole[0], whole[2], 999):
        assert list(looks(EVEN[:size], 100)) == [look for look in whole if look <= size]
    assert effective(EVEN[: whole[0]])[-1] >= 100 > effective(EVEN[: whole[0] - 1])[-1]


def test_no_requests_have_no_looks() -> None:
    assert list(looks(EMPTY, 100)) == []


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_what_is_missing_is_enough_and_hardly_more(share: float) -> None:
    own = missing(2_000, 0, share)
    others = own * (1 - share) / share
    assert 2 * own * others / (own + others) == pytest.approx(2_000, rel=0.001)


def test_a_candidate_with_all_traffic_waits_for_what_cannot_come() -> None:
    assert missing(2_000, 500, 1.0) == 1_500


@pytest.mark.parametrize("extensions", [0, 1, 3])
def test_all_tests_together_spend_alpha(extensions: int) -> None:
    assert sum(levels(0.05, extensions)) == pytest.approx(0.05)
    assert len(levels(0.05, extensions)) == extensions + 1
