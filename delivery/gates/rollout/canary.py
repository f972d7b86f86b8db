"""The gates of a canary, together: what they let pass, and their verdicts on one attempt."""

from __future__ import annotations

from pydantic import Field

from delivery.gates.rollout import errors, latency, sample_ratio
from delivery.gates.rollout.decision import EXPOSURE, inconclusive
from delivery.gates.rollout.errors import Policy as ErrorsPolicy
from delivery.gates.rollout.latency import Policy as LatencyPolicy
from delivery.gates.rollout.observations.samples import Samples
from delivery.gates.rollout.sample_ratio import Policy as SampleRatioPolicy
from delivery.gates.verdict import Verdict
from serving.strict import Strict


class Policy(Strict):
    """`exposed` is how many requests the candidate answers in a step before the next one.

    With 300 requests and no failure, at most 1% of all requests fail (95% bound). `warm_up` is how
    many requests the candidate answers before anything counts.
    """

    exposed: int = Field(default=300, ge=1)
    warm_up: int = Field(default=20, ge=0)
    errors: ErrorsPolicy = ErrorsPolicy()
    latency: LatencyPolicy = LatencyPolicy()
    sample_ratio: SampleRatioPolicy = SampleRatioPolicy()


def judge(samples: Samples, policy: Policy, *, step: int, attempt: str) -> tuple[Verdict, ...]:
    """The verdicts while `step` is in force, on all samples of the attempt so far.

    `attempt` names the attempt and seeds what is drawn: the same samples get the same verdicts.
    """
    warm = samples.after_warm_up(policy.warm_up)
    return (
        exposure(warm.of_step(step), policy),
        sample_ratio.judge(samples, policy.sample_ratio),
        errors.judge(warm, policy.errors, attempt),
        latency.judge(warm, policy.latency),
    )


def exposure(samples: Samples, policy: Policy) -> Verdict:
    """Did both arms answer enough requests of the step, and are all of them written down? A silent
    champion is no comparison."""
    counts = int(samples.candidate.sum()), int((~samples.candidate).sum())
    measured = f"candidate {counts[0]:,}, champion {counts[1]:,} requests"
    required = f"{policy.exposed:,} of each in the step"
    if samples.lost:
        why = f"{samples.lost:,} records of the router are missing: the rest may mislead"
        return Verdict(EXPOSURE, "hold", measured, required, why)
    missing = policy.exposed - min(counts)
    if missing > 0:
        return inconclusive(EXPOSURE, measured, required, f"{missing:,} are missing", missing)
    return Verdict(EXPOSURE, "pass", measured, required, "both answered enough")
