"""Does the candidate fail more often than the champion beside it?"""

from __future__ import annotations

from pydantic import Field

from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.samples import Samples
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "rollout_errors"


class Policy(Strict):
    """`margin` is how many more of all requests may fail, as a share: 0.005 = half a point."""

    margin: float = Field(default=0.005, gt=0, lt=1)
    floor: int = Field(default=2_000, ge=100)  # requests of each arm, at least, before it passes
    extensions: int = Field(default=3, ge=0, le=10)  # re-tests after an inconclusive one
    run: int = Field(default=50, ge=2)  # failures of the candidate alone, one after the other


def judge(samples: Samples, policy: Policy, attempt: str) -> Verdict:
    """Fail on proof, at any look; pass at the planned number of requests alone.

    `attempt` seeds what is drawn, so that a replay of the same samples says the same.
    """
    del attempt
    required = f"at most {policy.margin:.1%} more failures than the champion"
    return inconclusive(GATE, f"{len(samples)} requests", required, "not judged", policy.floor)
