"""What became of those whom each release served: the evidence of an experiment.

A covariate from before the experiment takes out what users bring along (CUPED).

Source: Deng et al., "Improving the sensitivity of online controlled experiments by utilizing
pre-experiment data", WSDM 2013.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout.observations.samples import Whole

DAY = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """One entry an entity, [entities] each, in the order in which their outcomes matured: each
    entity once, a fixed time after it was first served (7 days, say), in the arm that it had then.

    An outcome that is not known is NaN, never 0. `assigned` says how many entities whose time has
    come each arm was given, also those that sent no outcome.
    """

    at: Floats  # s since the epoch, when the outcome matured
    arm: Whole  # 0 is the champion
    value: Floats  # the outcome, higher is better
    before: Floats | None = None  # the same before the experiment, or a score; NaN: unknown
    guardrails: Mapping[str, Floats] = field(default_factory=dict)  # higher is better
    assigned: tuple[int, ...] = ()
    shares: tuple[float, ...] = (0.5, 0.5)  # wanted, of each arm; fixed over the experiment
    began: float = 0.0  # s since the epoch

    def __post_init__(self) -> None:
        columns = [self.at, self.arm, self.value, *self.guardrails.values()]
        columns += [] if self.before is None else [self.before]
        if len({len(column) for column in columns}) != 1:
            raise ValueError("outcomes need columns of one length")
        if len(self.arm) and not 0 <= self.arm.min() <= self.arm.max() < len(self.shares):
            raise ValueError(f"arms are numbered 0 to {len(self.shares) - 1}, as their shares")

    @property
    def days(self) -> float:
        """From the beginning to the newest outcome."""
        return max(0.0, (float(self.at[-1]) - self.began) / DAY) if len(self.at) else 0.0

    def until(self, days: float) -> tuple[Floats, Whole]:
        """What is adjusted and known of the first `days`: values and arms."""
        chosen = (self.at <= self.began + days * DAY) & np.isfinite(self.value)
        return self.value[chosen], self.arm[chosen]


def adjusted(outcomes: Outcomes, first: int, bounds: tuple[float, float] | None) -> Outcomes:
    """With outcomes cut off at `bounds`, and without what `before` explains of them. How much it
    explains is learnt from the `first` entities alone, within arms, and fixed."""
    value = np.clip(outcomes.value, *bounds) if bounds else outcomes.value
    if outcomes.before is not None:
        known = np.isfinite(outcomes.before) & np.isfinite(value)
        mean = float(outcomes.before[known].mean()) if known.any() else 0.0
        part = np.flatnonzero(known)[:first]
        slope = _slope(outcomes.before[part], value[part], outcomes.arm[part])
        value = value - slope * np.where(known, outcomes.before - mean, 0.0)
    return replace(outcomes, value=value)


def _slope(before: Floats, value: Floats, arms: Whole) -> float:
    together, alone = 0.0, 0.0
    for arm in np.unique(arms):
        x, y = before[arms == arm], value[arms == arm]
        together += float(((x - x.mean()) * (y - y.mean())).sum())
        alone += float(((x - x.mean()) ** 2).sum())
    return together / alone if alone else 0.0
