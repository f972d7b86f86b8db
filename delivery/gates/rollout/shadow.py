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

from delivery.gates.numbers.bootstrap import Codes, Floats, resample
from delivery.gates.numbers.metrics import losses
from delivery.gates.numbers.paired import LEVEL, SEED, Comparison, PairedLosses, compare
from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.observations.pairs import Pairs
from delivery.gates.rollout.observations.samples import Flags
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "shadow"
SHOWN = 12  # values of a segment
FACTOR = 2.0  # times the flips that the holdout has shown may come


class Policy(Strict):
    """`margin`: as the champion gate's, a share of the champion's loss. `flips`: the share of
    answers that may change, where the holdout has not shown more. `errors`: how many more rows
    may fail with the candidate, as a share."""

    pairs: int = Field(default=1_000, ge=2)
    clusters: int = Field(default=10, ge=2)
    margin: float = Field(default=0.02, ge=0, lt=1)
    flips: float = Field(default=0.05, ge=0, lt=1)
    errors: float = Field(default=0.005, gt=0, lt=1)


@dataclass(frozen=True)
class Failures:
    """How many more rows fail with the candidate, as a share, with one-sided 95% bounds."""

    difference: float
    lower: float
    upper: float


def judge(pairs: Pairs, policy: Policy) -> Verdict:
    """Fail on proof of more failures or of a worse loss; hold where too many answers change."""
    limit = max(policy.flips, FACTOR * pairs.expected_flips)
    required = (
        f"at most {policy.errors:.1%} more failures, {limit:.1%} of answers changed, and with "
        f"labels a loss within {policy.margin:+.1%}"
    )
    clusters = np.unique(pairs.cluster, return_inverse=True)[1]
    left = _too_few(pairs, int(clusters.max(initial=-1)) + 1, policy)
    if left:
        measured = f"{len(pairs):,} pairs in {clusters.max(initial=-1) + 1:,} clusters"
        why = f"{policy.pairs:,} scored pairs in {policy.clusters} clusters are needed"
        return inconclusive(GATE, measured, required, why, left)
    failures, loss = _failures(pairs, clusters), _loss(pairs, clusters, policy)
    details = _details(pairs, clusters, failures, loss)
    measured = (
        f"{failures.difference:+.2%} failures (bound {failures.upper:+.2%}), mean |Δ| "
        f"{details['mean_delta']:.4g}, largest {details['largest_delta']:.4g}, "
        f"{details['flips']:.2%} of answers changed"
    )
    if failures.lower > policy.errors:
        why = "it fails on rows that the champion answers, proven"
        return Verdict(GATE, "fail", measured, required, why, details)
    if loss and loss.upper > policy.margin * loss.reference and loss.inferior:
        why = f"its loss is worse by {loss.relative(loss.difference):+.2%}, proven"
        return Verdict(GATE, "fail", measured, required, why, details)
    if details["flips"] > limit:
        why = "more answers change than the holdout has shown: look at the rows where they do"
        return Verdict(GATE, "hold", measured, required, why, details)
    open_ = failures.upper > policy.errors or (
        loss is not None and loss.upper > policy.margin * loss.reference
    )
    if open_:
        details["could_have_missed"] = failures.upper
        why = "the bounds are beyond the margins and harm is not proven"
        return inconclusive(GATE, measured, required, why, len(pairs), **details)
    labels = "with" if loss else "without"
    return Verdict(GATE, "pass", measured, required, f"both answer alike, {labels} labels", details)


def _too_few(pairs: Pairs, clusters: int, policy: Policy) -> int:
    """How many more pairs it needs, at least; a further cluster is a pair at least."""
    return max(policy.pairs - int(pairs.scored.sum()), policy.clusters - clusters, 0)


def _failures(pairs: Pairs, clusters: Codes) -> Failures:
    """Both lists of failures at once; what nobody answered differs in nothing."""
    worse = pairs.candidate_failed.astype(np.float64) - pairs.champion_failed
    result = resample(worse, clusters, seed=SEED)
    return Failures(result.mean, result.lower(LEVEL), result.upper(LEVEL))


def _loss(pairs: Pairs, clusters: Codes, policy: Policy) -> Comparison | None:
    """The paired loss where labels have come; None below the least number of pairs or clusters."""
    known = _labelled(pairs)
    few = known.sum() < policy.pairs or len(np.unique(clusters[known])) < policy.clusters
    if pairs.labels is None or few:
        return None
    labels = pairs.labels[known]
    labels = labels if pairs.task == "regression" else labels.astype(np.int64)
    own, theirs = (
        losses(pairs.task, labels, side[known]) for side in (pairs.candidate, pairs.champion)
    )
    return compare(PairedLosses("loss", own, theirs, clusters[known]))


def _labelled(pairs: Pairs) -> Flags:
    if pairs.labels is None:
        return np.zeros(len(pairs), dtype=bool)
    known = np.isfinite(pairs.labels.astype(np.float64))
    if pairs.task != "regression":
        known &= pairs.labels >= 0
    return np.asarray(known & pairs.scored)


def changed(pairs: Pairs) -> Flags:
    """Where the answer changes: across the threshold, or the most probable class, [pairs]. A score
    without a threshold changes no answer."""
    if pairs.task == "multiclass":
        flips = pairs.champion.argmax(axis=1) != pairs.candidate.argmax(axis=1)
    elif pairs.threshold is None:
        flips = np.zeros(len(pairs), dtype=bool)
    else:
        flips = (pairs.champion > pairs.threshold) != (pairs.candidate > pairs.threshold)
    return np.asarray(flips & pairs.scored)


def mcnemar(pairs: Pairs, clusters: Codes) -> float | None:
    """z of "as many answers become right as become wrong", by clusters; None without such."""
    known = changed(pairs) & _labelled(pairs)
    if pairs.task != "binary" or not known.any():
        return None
    assert pairs.labels is not None
    assert pairs.threshold is not None
    right = (pairs.candidate[known] > pairs.threshold) == (pairs.labels[known] == 1)
    sums = np.bincount(clusters[known], np.where(right, 1.0, -1.0))
    return float(sums.sum() / math.sqrt(float((sums**2).sum()) or 1.0))


def _details(
    pairs: Pairs, clusters: Codes, failures: Failures, loss: Comparison | None
) -> dict[str, Any]:
    scored = pairs.scored
    delta = np.abs(pairs.candidate[scored] - pairs.champion[scored])
    delta = delta if delta.ndim == 1 else delta.max(axis=1)
    flips = changed(pairs)[scored]
    return {
        "pairs": int(scored.sum()),
        "failures": vars(failures),
        "mean_delta": float(delta.mean()),
        "largest_delta": float(delta.max()),
        "flips": float(flips.mean()),
        "loss": loss.to_json() if loss else None,
        "mcnemar": mcnemar(pairs, clusters),
        "p95_seconds": [_p95(pairs.candidate_seconds), _p95(pairs.champion_seconds)],
        "segments": {
            name: _by_value(np.asarray(values)[scored].astype(str), delta, flips)
            for name, values in pairs.segments.items()
        },
    }


def _by_value(values: Any, delta: Floats, flips: Flags) -> list[dict[str, Any]]:
    """The largest values of a segment."""
    names, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    return [
        {
            "value": str(names[place]),
            "pairs": int(counts[place]),
            "mean_delta": float(delta[codes == place].mean()),
            "flips": float(flips[codes == place].mean()),
        }
        for place in np.argsort(-counts, kind="stable")[:SHOWN]
    ]


def _p95(seconds: Floats) -> float | None:
    known = seconds[np.isfinite(seconds)]
    return float(np.quantile(known, 0.95)) if len(known) else None
