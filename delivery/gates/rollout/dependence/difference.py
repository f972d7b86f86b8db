"""How much more often the candidate fails than the champion at the same time, and how sure it is.

The difference is Mantel's and Haenszel's over short strata of time, so that shares and base rates
may change, and an outage hits both. Its error takes bursts (longer blocks of time vary) and unequal
users (entities vary) into account.

Sources: Greenland & Robins, "Estimation of a common effect parameter from sparse follow-up data",
Biometrics 41 (1985); Cameron, Gelbach & Miller, "Robust inference with multiway clustering",
J. Bus. Econ. Stat. 29 (2011); Agresti & Caffo, Am. Stat. 54 (2000), for few errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from delivery.gates.numbers.bootstrap import Floats, student_quantile
from delivery.gates.rollout.dependence.blocks import BLOCKS, blocks, effective
from delivery.gates.rollout.observations.samples import Samples, Whole

STRATUM = 50  # requests


@dataclass(frozen=True)
class Difference:
    """`value` is candidate − champion, `error` its standard error, `worth` the requests of each
    arm. `dispersion` is how many times larger the variance is than that of independent requests."""

    value: float
    error: float
    worth: float
    dispersion: float
    freedom: int
    candidate: tuple[int, int]  # failures, requests
    champion: tuple[int, int]

    def upper(self, level: float) -> float:
        """The one-sided upper bound at `level`: not below what the candidate's own few failures
        leave open."""
        wide = self.value + student_quantile(level, self.freedom) * self.error
        return max(wide, exact(*self.candidate, level) - self.champion[0] / self.champion[1])

    def lower(self, level: float) -> float:
        """The one-sided lower bound at `level`."""
        return self.value - student_quantile(level, self.freedom) * self.error


def difference(samples: Samples) -> Difference | None:
    """None where requests of both arms never come at the same time."""
    code = blocks(samples, max(BLOCKS, len(samples) // STRATUM))
    own, failed = samples.candidate, samples.failed
    theirs = np.bincount(code, ~own).astype(np.float64)
    ours = np.bincount(code, own, len(theirs)).astype(np.float64)
    both = ours + theirs
    weight = ours * theirs / both
    if weight.sum() == 0:
        return None
    signed = np.where(own, theirs[code], -ours[code]) / both[code]
    value = float((signed * failed).sum() / weight.sum())
    usual = (np.bincount(code, failed) / both)[code]
    left = signed * (failed - usual - signed * value)
    variance, freedom = _variance(left, samples)
    # Two errors more than were seen: few are no certainty.
    unseen = float(weight.sum()) * 2 / (len(samples) + 4)
    plain = float((left**2).sum())
    return Difference(
        value=value,
        error=math.sqrt(max(variance, plain) + unseen) / float(weight.sum()),
        worth=float(effective(samples)[-1]),
        dispersion=max(variance, plain) / plain if plain else 1.0,
        freedom=freedom,
        candidate=(int(failed[own].sum()), int(own.sum())),
        champion=(int(failed[~own].sum()), int((~own).sum())),
    )


def _variance(left: Floats, samples: Samples) -> tuple[float, int]:
    """Of the sum of `left`, by blocks and by entities, and the degrees of freedom behind it."""
    code = blocks(samples)
    times, single = _squares(left, code), float((left**2).sum())
    if (samples.entity == "").any():  # they cannot be told apart
        return times, max(1, int(code.max()))
    names, entity = np.unique(samples.entity, return_inverse=True)
    people = _squares(left, entity)
    freedom = max(1, min(int(code.max()) + 1, len(names)) - 1)
    return max(times, people, times + people - single), freedom


def _squares(left: Floats, cluster: Whole) -> float:
    sums = np.bincount(cluster, left)
    groups = int(np.count_nonzero(np.bincount(cluster)))
    return float((sums**2).sum()) * groups / max(1, groups - 1)


def exact(failures: int, requests: int, level: float) -> float:
    """Clopper's and Pearson's upper bound of a share."""
    from scipy.special import betaincinv  # a part of a second, which few commands need

    if failures >= requests:
        return 1.0
    return float(betaincinv(failures + 1, requests - failures, level))
