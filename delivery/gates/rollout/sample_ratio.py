"""Does the router send the share that it was told to?

Entities stay with a release, so that their requests are not independent: the first request of each
counts alone, against the share in force at that time. Requests of nobody known count each.

Source: Lindon & Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pydantic import Field

from delivery.gates.numbers.anytime import split, split_counts
from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.dependence.incidents import first_of_entities
from delivery.gates.rollout.observations.samples import Samples
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "sample_ratio"


class Policy(Strict):
    """It holds where the observed split speaks `evidence` to 1 against the wanted one, whenever it
    is looked at. `concentration`: how many entities the wanted split is worth beforehand."""

    evidence: float = Field(default=1_000, ge=20)
    concentration: float = Field(default=1_000, gt=0)


def judge(samples: Samples, policy: Policy) -> Verdict:
    """Hold on a split that the shares in force do not explain: a fault of the routing, which says
    nothing about the candidate and makes every comparison void."""
    first = samples[first_of_entities(samples)]
    largest, before = 0.0, 0.0
    for step in np.flatnonzero(np.bincount(first.step)):
        part = first.of_step(int(step))
        for share in np.unique(part.share):
            logs = split(part.candidate[part.share == share], float(share), policy.concentration)
            largest = max(largest, before + float(logs.max()))
            before += float(logs[-1])
    got, wanted = int(first.candidate.sum()), float(first.share.sum())
    measured = f"{got:,} of {len(first):,} entities, {wanted:,.0f} wanted"
    return _verdict(len(first), largest, measured, policy)


def judge_counts(counts: Sequence[int], shares: Sequence[float], policy: Policy) -> Verdict:
    """The same for arms with fixed shares: how many entities each got by now.

    Raises:
        ValueError: not one share above 0 for each arm.
    """
    if len(counts) != len(shares) or not all(share > 0 for share in shares):
        raise ValueError(f"{len(counts)} arms need a share above 0 each, not {list(shares)}")
    split_now = np.array(counts, dtype=np.float64)[:, None]
    logs = split_counts(split_now, np.array(shares, dtype=np.float64), policy.concentration)
    measured = f"{' : '.join(f'{count:,}' for count in counts)} entities"
    return _verdict(sum(counts), float(logs[0]), measured, policy)


def _verdict(entities: int, logs: float, measured: str, policy: Policy) -> Verdict:
    evidence = math.exp(min(700.0, logs))
    required = f"evidence against the wanted split below {policy.evidence:g} to 1"
    measured = f"{measured}; evidence {evidence:,.3g} to 1"
    if not entities:
        return inconclusive(GATE, "no requests", required, "nothing was routed yet", 1)
    details = {"evidence": evidence, "entities": entities}
    if evidence >= policy.evidence:
        why = "the router does not send the share that it was told to: look at the route"
        return Verdict(GATE, "hold", measured, required, why, details)
    return Verdict(GATE, "pass", measured, required, "the split is what was wanted", details)
