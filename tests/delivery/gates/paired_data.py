"""Losses of two models on clustered rows, with a known true difference."""

from __future__ import annotations

import numpy as np

from delivery.gates.numbers.paired import PairedLosses


def paired(
    effect: float = 0.0, *, seed: int = 0, clusters: int = 30, rows: int = 200, spread: float = 0.02
) -> PairedLosses:
    """The candidate's loss is higher by `effect` on average; clusters share a deviation.

    The reference's mean loss is 0.5. `spread` is the standard deviation of a cluster's own
    difference, rows add ten times that.
    """
    random = np.random.default_rng(seed)
    total = clusters * rows
    reference = random.gamma(2, 0.25, total)
    own = np.repeat(random.normal(0, spread, clusters), rows)
    difference = effect + own + random.normal(0, 10 * spread, total)
    codes = np.repeat(np.arange(clusters), rows)
    return PairedLosses("log loss", reference + difference, reference, codes)


def exactly(relative: float, *, rows: int = 1_000, clusters: int = 20) -> PairedLosses:
    """Every row differs by the same share of the reference's loss: bounds equal the mean."""
    reference = np.ones(rows)
    codes = np.arange(rows) % clusters
    return PairedLosses("log loss", reference * (1 + relative), reference, codes)
