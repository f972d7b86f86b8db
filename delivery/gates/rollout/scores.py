"""Do the candidate's scores lie where the champion's lie, at the same time?

Measured by the population stability index (PSI) over tenths of the champion's scores. Under equal
releases it is about χ² × (1/n + 1/m); rows of one entity are alike, so n and m count entities.

Source: Yurdakul, "Statistical properties of the population stability index" (2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.observations.samples import Texts
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "score_shift"
BINS = 10
CHANCE = 0.01  # of a shift beyond what chance explains, where there is none


class Policy(Strict):
    """Holds above the largest of `psi`, `factor` × the shift that the holdout has shown, and what
    chance explains; below `entities` on either side there is no verdict."""

    psi: float = Field(default=0.1, gt=0)
    factor: float = Field(default=2.0, ge=1)
    entities: int = Field(default=1_000, ge=100)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What one release answered, [rows], and who asked, [rows]; empty where that is unknown: such a
    row counts as an entity."""

    values: Floats
    entity: Texts

    def entities(self) -> int:
        known = self.entity[self.entity != ""]
        return len(np.unique(known)) + len(self.entity) - len(known)


def judge(champion: Scores, candidate: Scores, expected: float, policy: Policy) -> Verdict:
    """Hold on a shift beyond what was agreed to; a shift alone never fails: a better model
    shifts scores. `expected` is the PSI of the two on the holdout."""
    from scipy.special import chdtri  # a part of a second, which few commands need

    n, m = candidate.entities(), champion.entities()
    floor = max(policy.psi, policy.factor * expected)
    required = f"PSI ≤ {floor:.3f}, or what chance explains"
    if min(n, m) < policy.entities:
        why = f"{policy.entities:,} entities are needed on either side"
        left = policy.entities - min(n, m)
        return inconclusive(GATE, f"{n:,} and {m:,} entities", required, why, left)
    if not (np.isfinite(champion.values).all() and np.isfinite(candidate.values).all()):
        return Verdict(GATE, "hold", "not finite", required, "a score is not a number")
    shift, bins = psi(champion.values, candidate.values)
    limit = max(floor, float(chdtri(max(1, bins - 1), CHANCE)) * (1 / n + 1 / m))
    measured = f"PSI {shift:.3f} between {n:,} and {m:,} entities"
    details = {"psi": shift, "limit": limit, "expected": expected}
    if shift > limit:
        why = "scores shifted by more than the holdout has shown: look at what the inputs are"
        return Verdict(GATE, "hold", measured, required, why, details)
    return Verdict(GATE, "pass", measured, required, "within what was agreed to", details)


def psi(reference: Floats, values: Floats) -> tuple[float, int]:
    """The index over tenths of `reference`, and in how many bins: fewer where scores repeat. An
    empty bin counts as half a row."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = np.stack(
        [
            np.bincount(np.searchsorted(edges, side, side="left"), minlength=len(edges) + 1)
            for side in (reference, values)
        ]
    )
    used = counts[:, counts.any(axis=0)]
    one, two = np.maximum(used, 0.5) / used.sum(axis=1, keepdims=True)
    return float(((two - one) * np.log(two / one)).sum()), used.shape[1]
