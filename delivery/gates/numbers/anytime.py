"""Evidence that may be looked at after every sample: e-values and a confidence sequence.

An e-value is what a fair game has made of one coin. If nothing is wrong it passes 100 with a chance
of at most 1 in 100, however often it is looked at (Ville's inequality).

Sources: Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", Stat. Sci. 38
(2023); Lindon & Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022;
Waudby-Smith et al., "Time-uniform central limit theory and asymptotic confidence sequences",
arXiv 2103.06476.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import Floats

Flags = NDArray[np.bool_]

RISKS = (1.5, 2.0, 3.0, 5.0, 10.0)  # how many times as often the candidate may fail


def relative_risk(candidate: Flags, share: Floats) -> Floats:
    """The logarithm of the e-value after each incident, [incidents], against "as often as the
    champion".

    An incident is the candidate's with probability `share`, whatever happened before, if both fail
    alike; and with r·share/(r·share + 1 − share) if it fails r times as often. The stake is spread
    evenly over `RISKS`. Shares may depend on everything seen before the request was routed.
    """
    risks = np.array(RISKS)[:, None]
    gains = np.where(candidate, np.log(risks), 0.0) - np.log(risks * share + 1 - share)
    return _mean(np.cumsum(gains, axis=1))


def split(first: Flags, share: float, concentration: float) -> Floats:
    """The logarithm of the e-value after each entity, [entities], against "the first arm gets
    `share`": a beta-binomial whose prior is as sure as `concentration` entities seen before."""
    if not 0 < share < 1:
        surprised = np.cumsum(first != (share == 1)) > 0
        return np.where(surprised, np.inf, 0.0)
    hits, total = np.cumsum(first), np.arange(1, len(first) + 1)
    return split_counts(np.stack([hits, total - hits]), np.array([share, 1 - share]), concentration)


def split_counts(counts: Floats, shares: Floats, concentration: float) -> Floats:
    """The same for arms × looks, [arms, looks], by Dirichlet-multinomial; `shares` are [arms] and
    above 0."""
    from scipy.special import gammaln  # a part of a second, which few commands need

    prior = concentration * shares / shares.sum()
    total = counts.sum(axis=0)
    explained = gammaln(prior[:, None] + counts) - gammaln(prior)[:, None]
    explained -= counts * np.log(prior / concentration)[:, None]
    logs: Floats = explained.sum(axis=0) + math.lgamma(concentration)
    return np.asarray(logs - gammaln(concentration + total))


def half_width(error: float, entities: int, planned: int, alpha: float) -> float:
    """Half the width of the asymptotic confidence sequence, two-sided at `alpha`, around a mean
    of `entities` whose standard error is `error`. It is narrowest, as a multiple of the error,
    at `planned` entities."""
    logs = -2 * math.log(alpha)
    rho = (logs + math.log(logs) + 1) / planned  # ρ², equation (9) there, appendix C.3
    grown = entities * rho + 1
    return error * math.sqrt(2 * grown / (entities * rho) * math.log(math.sqrt(grown) / alpha))


def _mean(logs: Floats) -> Floats:
    """The logarithm of the mean over the first axis."""
    largest = logs.max(axis=0, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    return np.asarray(largest + np.log(np.exp(logs - largest).mean(axis=0)))
