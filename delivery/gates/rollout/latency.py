"""Is the candidate slower than the champion beside it?"""

from __future__ import annotations

from pydantic import Field

from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.samples import Samples
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "rollout_latency"


class Policy(Strict):
    """How much longer the slowest 5% and 1% may take, as a share of the champion's time."""

    p95: float = Field(default=0.10, ge=0)
    p99: float = Field(default=0.20, ge=0)
    floor: int = Field(default=2_000, ge=100)  # requests of each arm, at least, before it passes
    extensions: int = Field(default=3, ge=0, le=10)


def judge(samples: Samples, policy: Policy) -> Verdict:
    """Fail on proof at looks fixed beforehand; pass at the planned ones alone."""
    required = f"p95 at most {policy.p95:+.0%}, p99 at most {policy.p99:+.0%}"
    return inconclusive(GATE, f"{len(samples)} requests", required, "not judged", policy.floor)
