"""Does the router send the share that it was told to?"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.samples import Samples
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "sample_ratio"


class Policy(Strict):
    """It holds where the observed split speaks `evidence` to 1 against the wanted one."""

    evidence: float = Field(default=1_000, ge=20)
    concentration: float = Field(default=1_000, gt=0)


def judge(samples: Samples, policy: Policy) -> Verdict:
    """Hold on a split that the shares in force do not explain, by first requests of entities."""
    return inconclusive(GATE, f"{len(samples)} requests", _required(policy), "not judged", 1)


def judge_counts(counts: Sequence[int], shares: Sequence[float], policy: Policy) -> Verdict:
    """The same for arms with fixed shares: how many entities each got."""
    del shares
    return inconclusive(GATE, f"{sum(counts)} entities", _required(policy), "not judged", 1)


def _required(policy: Policy) -> str:
    return f"evidence against the wanted split below {policy.evidence:g} to 1"
