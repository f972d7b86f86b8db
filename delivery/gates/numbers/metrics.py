"""How good scores are: losses per row, and what a report shows of them.

Written out, where the pipeline asks scikit-learn: that takes a second to import, which each gate
would wait for, has no loss per row, and counts no rows in its calibration curve. Tests hold both
to the same values.

Labels are class numbers 0, 1, … (int64) for classes and floats for regression, [rows]. Scores
are P(class 1) [rows] for a binary task, probabilities [rows, classes] for multiclass, values
[rows] for regression.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import Floats
from serving.contract import CERTAIN, Task

Labels = NDArray[Any]
LOSS_NAMES: dict[Task, str] = {
    "binary": "log loss",
    "multiclass": "log loss",
    "regression": "squared error",
}


def losses(task: Task, labels: Labels, scores: Floats) -> Floats:
    """The proper score of each row, lower is better, [rows].

    Log loss in nats (Good 1952) for classes, squared error for regression. NaN scores give NaN.
    """
    if task == "regression":
        return np.square(scores - labels)
    return -np.log(np.clip(_of_the_label(task, labels, scores), CERTAIN, 1.0))


def _of_the_label(task: Task, labels: Labels, scores: Floats) -> Floats:
    if task == "binary":
        return np.where(labels == 1, scores, 1 - scores)
    picked: Floats = scores[np.arange(len(labels)), labels]
    return picked


def flips(
    task: Task, one: tuple[Floats, float | None], two: tuple[Floats, float | None]
) -> NDArray[np.bool_]:
    """Where two models say another thing, [rows]; each comes as its scores and its threshold. The
    most probable class differs, or one score alone is above its threshold: nowhere where a model
    has none."""
    if task == "multiclass":
        return np.asarray(one[0].argmax(axis=1) != two[0].argmax(axis=1))
    if one[1] is None or two[1] is None:
        return np.zeros(len(one[0]), dtype=bool)
    return np.asarray((one[0] > one[1]) != (two[0] > two[1]))


def summary(task: Task, labels: Labels, scores: Floats) -> dict[str, float | None]:
    """Name → value of the metrics of a task, the primary one first."""
    loss = float(losses(task, labels, scores).mean())
    if task == "regression":
        errors = scores - labels
        spread = float(np.var(labels))
        return {
            "squared error": loss,
            "RMSE": loss**0.5,
            "MAE": float(np.abs(errors).mean()),
            "R²": 1 - loss / spread if spread > 0 else None,
        }
    if task == "binary":
        return {
            "log loss": loss,
            "AUC": auc(labels, scores),
            "Brier": float(np.square(scores - labels).mean()),
            "calibration error": calibration_error(labels, scores),
        }
    onehot = np.eye(scores.shape[1])[labels]
    return {
        "log loss": loss,
        "accuracy": float((scores.argmax(axis=1) == labels).mean()),
        "Brier": float(np.square(scores - onehot).sum(axis=1).mean()),
    }


# Which way a metric of `summary` is better; the others are better lower.
HIGHER_IS_BETTER = frozenset({"AUC", "accuracy", "R²"})


def auc(labels: Labels, scores: Floats) -> float | None:
    """The area under the ROC curve; None with one class, or where a score is no number."""
    if not _separable(labels, scores):
        return None
    false, true = _curve(labels, scores)
    return float(np.trapezoid(true, false))


def roc(labels: Labels, scores: Floats, *, points: int = 120) -> list[tuple[float, float]]:
    """(false positive rate, true positive rate) from (0, 0) to (1, 1), at most `points`; the ends
    alone where there is no area."""
    if not _separable(labels, scores):
        return [(0.0, 0.0), (1.0, 1.0)]
    false, true = _curve(labels, scores)
    keep = np.unique(np.linspace(0, len(false) - 1, points).astype(int))
    return [(float(x), float(y)) for x, y in zip(false[keep], true[keep], strict=True)]


def _curve(labels: Labels, scores: Floats) -> tuple[Floats, Floats]:
    """False and true positive rates from (0, 0) on, a step for each distinct score."""
    order = np.argsort(-scores, kind="stable")
    steps = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    true = np.append(0, np.cumsum(labels[order] == 1)[steps])
    false = np.append(0, steps + 1) - true
    return false / false[-1], true / true[-1]


def _separable(labels: Labels, scores: Floats) -> bool:
    positives = int((labels == 1).sum())
    return 0 < positives < len(labels) and bool(np.isfinite(scores).all())


def calibration(observed: Labels, scores: Floats, *, bins: int = 10) -> list[dict[str, float]]:
    """Bins of equal size by score: mean `predicted`, mean `observed`, `rows`.

    `observed` is 0 or 1 for a binary task and the label itself for regression.
    """
    order = np.argsort(scores, kind="stable")
    return [
        {
            "predicted": float(scores[part].mean()),
            "observed": float(np.asarray(observed)[part].mean()),
            "rows": len(part),
        }
        for part in np.array_split(order, bins)
        if len(part)
    ]


def calibration_error(labels: Labels, scores: Floats) -> float:
    """Mean distance between predicted and observed over the bins, weighted by rows."""
    bins = calibration(labels, scores)
    total = sum(part["rows"] for part in bins)
    return sum(abs(b["predicted"] - b["observed"]) * b["rows"] for b in bins) / total


def confidence(task: Task, labels: Labels, scores: Floats) -> tuple[Labels, Floats]:
    """What one calibration curve is drawn from, [rows] each: labels and scores as they are; for
    several classes, was the top class right (0 or 1), and its score."""
    if task != "multiclass":
        return labels, scores
    return (scores.argmax(axis=1) == labels).astype(np.int64), scores.max(axis=1)


def dummy_scores(task: Task, training: Labels, rows: int, classes: int) -> Floats:
    """What a model without inputs would answer: the training labels' distribution or mean."""
    if task == "regression":
        return np.full(rows, float(np.mean(training)))
    shares = np.bincount(training, minlength=classes) / len(training)
    if task == "binary":
        return np.full(rows, shares[1])
    return np.tile(shares, (rows, 1))
