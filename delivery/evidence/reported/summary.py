"""What a report shows of two models on the same rows: metrics, curves and slices as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.evidence.holdout import Holdout
from delivery.evidence.reported.classes import by_class
from delivery.evidence.reported.groups import by_group
from delivery.evidence.trial import PairedScores
from delivery.gates.numbers import metrics
from delivery.gates.numbers.bootstrap import Floats, resample
from delivery.gates.numbers.metrics import HIGHER_IS_BETTER
from delivery.gates.numbers.paired import LEVEL, SEED, PairedLosses
from delivery.gates.numbers.slices import slices
from serving.contract import Task

BINS = 20  # of the score histogram
CLUSTERS_SHOWN = 120


def side_by_side(paired: PairedScores, slice_rows: int, slice_margin: float) -> dict[str, Any]:
    """Everything that can be drawn; empty where a score is not finite."""
    if not (np.isfinite(paired.candidate).all() and np.isfinite(paired.reference).all()):
        return {}
    both = {"candidate": paired.candidate, "reference": paired.reference}
    labels = paired.holdout.labels
    losses = paired.losses
    values = {name: metrics.summary(paired.task, labels, scores) for name, scores in both.items()}
    numbers: dict[str, Any] = {
        "task": paired.task,
        "reference": paired.kind,
        "primary": losses.metric,
        "metrics": [
            {
                "name": name,
                "candidate": values["candidate"][name],
                "reference": values["reference"][name],
                "higher_is_better": name in HIGHER_IS_BETTER,
            }
            for name in values["candidate"]
        ],
        "calibration": {
            name: metrics.calibration(*metrics.confidence(paired.task, labels, scores))
            for name, scores in both.items()
        },
        "scores": _histogram(paired.task, both),
        "slices": [
            part.to_json()
            for part in slices(losses, paired.holdout.segments, slice_rows, slice_margin)
        ],
        "clusters": _clusters(losses, paired.holdout),
        "difference": _difference(losses),
    }
    if paired.task == "multiclass":
        numbers |= by_class(paired.contract.classes or (), labels, *both.values())
    if paired.task == "binary":
        numbers["groups"] = by_group(paired)
        numbers["roc"] = {name: metrics.roc(labels, scores) for name, scores in both.items()}
    return numbers


def _histogram(task: Task, both: dict[str, Floats]) -> dict[str, Any]:
    """Counts per bin of the scores; of the top class's for multiclass."""
    shown = {
        name: scores.max(axis=1) if task == "multiclass" else scores
        for name, scores in both.items()
    }
    if task == "regression":
        together = np.concatenate(list(shown.values()))
        low, high = np.quantile(together, [0.001, 0.999])
        edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    else:
        edges = np.linspace(0, 1, BINS + 1)
    counts = {
        name: np.histogram(np.clip(scores, edges[0], edges[-1]), edges)[0].tolist()
        for name, scores in shown.items()
    }
    return {"edges": edges.tolist(), **counts}


def _clusters(losses: PairedLosses, holdout: Holdout) -> dict[str, Any]:
    """The mean loss difference of each cluster, in the order of their names."""
    if holdout.cluster_column is None:
        return {"column": None, "points": []}
    difference = losses.candidate - losses.reference
    rows: NDArray[Any] = np.bincount(holdout.clusters)
    means = np.bincount(holdout.clusters, weights=difference) / np.maximum(rows, 1)
    points = [
        {"cluster": name, "rows": int(rows[i]), "difference": float(means[i])}
        for i, name in enumerate(holdout.cluster_names)
    ]
    points.sort(key=lambda point: str(point["cluster"]))
    return {
        "column": holdout.cluster_column,
        "total": len(points),
        "points": points[:CLUSTERS_SHOWN],
    }


def _difference(losses: PairedLosses) -> dict[str, float] | None:
    if len(np.unique(losses.clusters)) < 2:
        return None
    result = resample(losses.candidate - losses.reference, losses.clusters, seed=SEED)
    return {
        "mean": result.mean,
        "lower": result.lower(LEVEL),
        "upper": result.upper(LEVEL),
        "reference": float(losses.reference.mean()),
    }
