"""Do both models answer alike on the same rows, before a client sees the candidate?"""

from __future__ import annotations

from pydantic import Field

from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.pairs import Pairs
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "shadow"


class Policy(Strict):
    """`margin`: as the champion gate's, a share of the champion's loss. `flips`: the share of
    answers that may change without having changed on the holdout. `errors`: how many more pairs
    may fail with the candidate alone, as a share."""

    pairs: int = Field(default=1_000, ge=2)
    clusters: int = Field(default=10, ge=2)
    margin: float = Field(default=0.02, ge=0, lt=1)
    flips: float = Field(default=0.05, ge=0, lt=1)
    errors: float = Field(default=0.005, gt=0, lt=1)


def judge(pairs: Pairs, policy: Policy) -> Verdict:
    """Fail on proof of more failures or of a worse loss; hold where too many answers change."""
    required = f"{policy.pairs:,} pairs in {policy.clusters} clusters"
    return inconclusive(GATE, f"{len(pairs)} pairs", required, "not judged", policy.pairs)
