"""Requests in blocks of time, and when a test may look.

Within a block both arms share what happened meanwhile: a slow minute, an outage, another share.
So arms are compared block by block, and blocks are what varies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from delivery.gates.numbers.bootstrap import NORMAL, Floats
from delivery.gates.rollout.observations.samples import Samples, Whole

BLOCKS = 40  # in all; more say little more, and fewer, longer ones hold bursts together
GROWTH = 1.25  # of the samples from one possible look to the next
FIRST = 0.8  # of α belongs to the first test, the rest to re-tests


def blocks(samples: Samples, count: int = BLOCKS) -> Whole:
    """The block of each request, [requests]: of about equal size, in the order of time, each
    within one step."""
    codes = np.empty(len(samples), dtype=np.int64)
    used = 0
    for step in np.flatnonzero(np.bincount(samples.step)):
        places = np.flatnonzero(samples.step == step)
        parts = min(len(places), max(1, round(count * len(places) / len(samples))))
        codes[places] = used + np.arange(len(places)) * parts // len(places)
        used += parts
    return codes


def effective(samples: Samples) -> Floats:
    """How many requests of each arm the samples so far are worth, [requests], for a difference
    between the arms: as many as two arms of equal size would have (the harmonic mean, by step)."""
    gained = np.zeros(len(samples))
    for step in np.flatnonzero(np.bincount(samples.step)):
        places = np.flatnonzero(samples.step == step)
        own = np.cumsum(samples.candidate[places])
        worth = 2 * own * (np.arange(1, len(places) + 1) - own) / np.arange(1, len(places) + 1)
        gained[places] = np.diff(worth, prepend=0.0)
    return np.cumsum(gained)


def looks(samples: Samples, floor: int, growth: float = GROWTH) -> Iterator[int]:
    """How many requests had been made at each moment at which a test may look: when they are worth
    `floor` of each arm, and each time that this has grown. Whoever asks when gets the same."""
    worth = effective(samples)
    wanted = float(floor)
    while len(worth) and worth[-1] >= wanted:
        yield int(np.searchsorted(worth, wanted - 1e-9)) + 1
        wanted *= growth


def missing(worth: float, have: float, share: float) -> int:
    """How many more requests the candidate has to answer at `share` until the samples are worth
    `worth` of each arm."""
    gained = 2 * (1 - share) if 0 < share < 1 else 1.0
    return max(1, int(np.ceil((worth - have) / gained)))


def levels(alpha: float, extensions: int) -> tuple[float, ...]:
    """The error level of the first test and of each re-test: in all they are `alpha`."""
    if extensions == 0:
        return (alpha,)
    return (FIRST * alpha, *[(1 - FIRST) * alpha / extensions] * extensions)


def quantile(level: float) -> float:
    """z with P(Z > z) = `level`."""
    return NORMAL.inv_cdf(1 - level)
