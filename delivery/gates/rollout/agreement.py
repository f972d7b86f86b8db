"""How two models agree on the same rows, in figures and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from delivery.gates.numbers.bootstrap import Codes, Floats
from delivery.gates.numbers.metrics import flips
from delivery.gates.numbers.paired import Comparison
from delivery.gates.rollout.observations.pairs import Pairs
from delivery.gates.rollout.observations.samples import Flags

SHOWN = 12  # values of a segment
SEEN = 30  # pairs of a value, before it is named


def labelled(pairs: Pairs) -> Flags:
    """Where both gave scores and the label has come, [pairs]."""
    if pairs.labels is None:
        return np.zeros(len(pairs), dtype=bool)
    known = np.isfinite(pairs.labels.astype(np.float64))
    if pairs.task != "regression":
        known &= pairs.labels >= 0
    return np.asarray(known & pairs.scored)


def changed(pairs: Pairs) -> Flags:
    """Where the answer changes: across the threshold, or the most probable class, [pairs]. Each
    model has its own threshold; without one no answer changes."""
    sides = (pairs.champion, pairs.threshold), (pairs.candidate, pairs.own_threshold)
    return np.asarray(flips(pairs.task, *sides) & pairs.scored)


def mcnemar(pairs: Pairs, clusters: Codes) -> float | None:
    """z of "as many answers become right as become wrong", by clusters; None without such."""
    known = changed(pairs) & labelled(pairs)
    if pairs.task != "binary" or not known.any():
        return None
    assert pairs.labels is not None
    assert pairs.own_threshold is not None
    right = (pairs.candidate[known] > pairs.own_threshold) == (pairs.labels[known] == 1)
    sums = np.bincount(clusters[known], np.where(right, 1.0, -1.0))
    return float(sums.sum() / math.sqrt(float((sums**2).sum()) or 1.0))


def figures(pairs: Pairs, clusters: Codes, loss: Comparison | None) -> dict[str, Any]:
    """For the details of a verdict."""
    scored = pairs.scored
    delta = np.abs(pairs.candidate[scored] - pairs.champion[scored])
    delta = delta if delta.ndim == 1 else delta.max(axis=1)
    flips = changed(pairs)[scored]
    return {
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


def words(pairs: Pairs, details: Mapping[str, Any], loss: Comparison | None) -> str:
    """What else is measured: how long answers to a replay take, and the loss. Nothing that clients
    sent: this goes into events."""
    text = ""
    if (seconds := details["p95_seconds"][0]) is not None:
        text += f", 95% of replayed answers within {1000 * seconds:.3g} ms"
    if loss:
        bound = f"{loss.relative(loss.difference):+.2%} (bound {loss.relative(loss.upper):+.2%})"
        text += f", loss {bound} on {int(labelled(pairs).sum()):,} labelled rows"
    return text


def most_changed(details: Mapping[str, Any]) -> str:
    """Where most answers change, in words; empty where none does."""
    rows = [
        (name, row)
        for name, values in details.get("segments", {}).items()
        for row in values
        if row["pairs"] >= SEEN and row["flips"] > 0
    ]
    if not rows:
        return ""
    name, row = max(rows, key=lambda item: item[1]["flips"])
    return (
        f"most answers change where {name} is {row['value']!r}: {row['flips']:.2%} of "
        f"{row['pairs']:,}"
    )


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
