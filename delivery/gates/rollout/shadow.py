"""Do both models answer alike on the same rows, before a client sees the candidate?

Each row is asked of both, so that differences between rows fall out. Rows of one cluster (a day, a
caller) are not independent: bounds resample clusters, and McNemar's statistic adds up clusters.

Source: Durkalski et al., "The analysis of clustered matched-pair data", Stat. Med. 22 (2003).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from delivery.gates.numbers.bootstrap import Codes, resample
from delivery.gates.numbers.metrics import losses
from delivery.gates.numbers.paired import SEED, Comparison, PairedLosses, compare
from delivery.gates.rollout.agreement import changed, figures, labelled, words
from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.dependence.blocks import BLOCKS, levels
from delivery.gates.rollout.dependence.difference import exact
from delivery.gates.rollout.observations.pairs import Pairs
from delivery.gates.rollout.observations.samples import Texts
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "shadow"
FACTOR = 2.0  # times the flips that the holdout has shown may come
ALPHA = 0.05  # of all looks together
EXTENSIONS = 3  # looks after the first


class Policy(Strict):
    """`pairs` are needed before the first look; each further one comes at twice as many.

    `margin`: as the champion gate's, a share of the champion's loss. `flips`: the share of
    answers that may change, where the holdout has not shown more. `errors`: how many more rows
    may fail with the candidate, as a share. It breaks down where it fails `breakdown` of twice as
    many rows that the champion answers.
    """

    pairs: int = Field(default=1_000, ge=2)
    clusters: int = Field(default=10, ge=2)
    margin: float = Field(default=0.02, ge=0, lt=1)
    flips: float = Field(default=0.05, ge=0, lt=1)
    errors: float = Field(default=0.005, gt=0, lt=1)
    breakdown: int = Field(default=50, ge=2)

    @property
    def most(self) -> int:
        """Of the pairs at the last look."""
        return int(self.pairs * 2**EXTENSIONS)


@dataclass(frozen=True)
class Bounds:
    """A mean share, with one-sided bounds."""

    difference: float
    lower: float
    upper: float


def judge(pairs: Pairs, policy: Policy) -> Verdict:
    """Fail on proof of more failures, of a worse loss, or of more changed answers than the holdout
    has shown. A look is at 1, 2, 4 and 8 times `policy.pairs`: whoever asks when gets the same."""
    limit = max(policy.flips, FACTOR * (pairs.expected_flips or 0.0))
    required = (
        f"at most {policy.errors:.1%} more failures, {limit:.1%} of answers changed, and with "
        f"labels a loss within {policy.margin:+.1%}"
    )
    if breaks_down(pairs, policy.breakdown):
        failed = int(pairs.candidate_failed.sum())
        measured = f"{failed:,} of {len(pairs):,} rows failed"
        why = "it breaks down on rows that the champion answers"
        return Verdict(GATE, "fail", measured, required, why, {"pairs": len(pairs)})
    look = _look(len(pairs), policy)
    seen = pairs.first(policy.pairs * 2**look if look >= 0 else 0)
    clusters = blocks(seen.cluster)
    count = int(clusters.max(initial=-1)) + 1
    if look < 0 or count < policy.clusters:
        measured = f"{len(pairs):,} pairs in {len(np.unique(pairs.cluster)):,} clusters"
        why = f"{policy.pairs:,} pairs in {policy.clusters} clusters are needed"
        return inconclusive(GATE, measured, required, why, _missing(pairs, count, policy))
    return _judge(seen, clusters, look, _Limits(policy, limit, required, len(pairs)))


@dataclass(frozen=True)
class _Limits:
    policy: Policy
    flips: float
    required: str
    have: int  # pairs in all


def _judge(pairs: Pairs, clusters: Codes, look: int, limits: _Limits) -> Verdict:
    policy, required = limits.policy, limits.required
    level = 1 - levels(ALPHA, EXTENSIONS)[look]
    failures = _failures(pairs, clusters, level)
    details: dict[str, Any] = {"pairs": len(pairs), "failures": vars(failures)}
    measured = f"{failures.difference:+.2%} failures (bound {failures.upper:+.2%})"
    if failures.lower > policy.errors:
        why = "it fails on rows that the champion answers, proven"
        return Verdict(GATE, "fail", measured, required, why, details)
    more = policy.pairs * 2 ** (look + 1) - limits.have if look < EXTENSIONS else 0
    if 2 * int(pairs.scored.sum()) < len(pairs):
        why = "most rows have no scores of both"
        return inconclusive(GATE, measured, required, why, more, **details)
    loss, flips = _loss(pairs, clusters, policy), _flips(pairs, clusters, level)
    details |= figures(pairs, clusters, loss)
    measured += (
        f", mean |Δ| {details['mean_delta']:.4g}, largest {details['largest_delta']:.4g}, "
        f"{flips.difference:.2%} of answers changed{words(pairs, details, loss)}"
    )
    if loss and loss.upper > policy.margin * loss.reference and loss.inferior:
        why = f"its loss is worse by {loss.relative(loss.difference):+.2%}, proven"
        return Verdict(GATE, "fail", measured, required, why, details)
    if flips.difference > limits.flips and pairs.expected_flips is None:
        why = "nobody knows how many answers had to change: look at the rows where they do"
        return Verdict(GATE, "hold", measured, required, why, details)
    if flips.lower > limits.flips:
        why = "more answers change than the holdout has shown, proven"
        return Verdict(GATE, "fail", measured, required, why, details)
    open_ = (failures.upper > policy.errors or flips.difference > limits.flips) or (
        loss is not None and loss.upper > policy.margin * loss.reference
    )
    if open_:
        details["could_have_missed"] = failures.upper
        why = "the bounds are beyond the margins and harm is not proven"
        return inconclusive(GATE, measured, required, why, more, **details)
    labels = "with" if loss else "without"
    return Verdict(GATE, "pass", measured, required, f"both answer alike, {labels} labels", details)


def _look(count: int, policy: Policy) -> int:
    """Which look `count` pairs allow, 0 for the first; -1 for none yet."""
    return min(EXTENSIONS, int(math.log2(count / policy.pairs))) if count >= policy.pairs else -1


def _missing(pairs: Pairs, clusters: int, policy: Policy) -> int:
    """How many more pairs it needs, at least; a further cluster is a pair at least."""
    here = len(np.unique(pairs.cluster)) if len(pairs) < policy.pairs else clusters
    return max(policy.pairs - len(pairs), policy.clusters - here, 0)


def blocks(cluster: Texts) -> Codes:
    """The block of each row, [pairs]: clusters in the order in which they came, where there are
    many of them several to a block. What happens in one minute happens to many requests."""
    _, first, codes = np.unique(cluster, return_index=True, return_inverse=True)
    order = np.empty(len(first), dtype=np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    return order[codes] * min(BLOCKS, len(first)) // max(1, len(first))


def breaks_down(pairs: Pairs, failures: int) -> bool:
    """Did it fail `failures` of twice as many rows, one after the other, that were answered by the
    champion?"""
    worse = np.cumsum(pairs.candidate_failed & ~pairs.champion_failed)
    before = np.concatenate([np.zeros(2 * failures, dtype=worse.dtype), worse])[: len(worse)]
    return bool((worse - before >= failures).any())


def _failures(pairs: Pairs, clusters: Codes, level: float) -> Bounds:
    """Both lists of failures at once; what nobody answered differs in nothing. Where few rows fail,
    resampling them says too little of those that could have: the exact bound of a share holds."""
    worse = pairs.candidate_failed.astype(np.float64) - pairs.champion_failed
    result = resample(worse, clusters, seed=SEED)
    rare = exact(int((worse > 0).sum()), len(worse), level)
    return Bounds(result.mean, result.lower(level), max(result.upper(level), rare))


def _flips(pairs: Pairs, clusters: Codes, level: float) -> Bounds:
    """Of the rows that both gave a score."""
    scored = pairs.scored
    result = resample(changed(pairs)[scored].astype(np.float64), clusters[scored], seed=SEED)
    return Bounds(result.mean, result.lower(level), result.upper(level))


def _loss(pairs: Pairs, clusters: Codes, policy: Policy) -> Comparison | None:
    """The paired loss where labels have come; None below the least number of pairs or clusters."""
    known = labelled(pairs)
    few = known.sum() < policy.pairs or len(np.unique(clusters[known])) < policy.clusters
    if pairs.labels is None or few:
        return None
    labels = pairs.labels[known]
    labels = labels if pairs.task == "regression" else labels.astype(np.int64)
    own, theirs = (
        losses(pairs.task, labels, side[known]) for side in (pairs.candidate, pairs.champion)
    )
    return compare(PairedLosses("loss", own, theirs, clusters[known]))
