"""Measures of scores against labels, and the curves that `dvc plots` draws.

Pure functions of `observed` (class numbers 0…k-1, or values for a regression) and `scores` (see
`pipeline.trained.score`). The first measure of each task is its proper score: lower is better.
"""

from __future__ import annotations

import numpy as np
from sklearn import metrics

from serving.contract import CERTAIN, Task

Array = np.ndarray
BINS = 10


def measure(
    task: Task, observed: Array, scores: Array, threshold: float | None
) -> dict[str, float]:
    """The metrics of a task by name."""
    if task == "regression":
        return regression(observed, scores)
    if task == "multiclass":
        return multiclass(observed, scores)
    return binary(observed, scores, 0.5 if threshold is None else threshold)


def binary(observed: Array, scores: Array, threshold: float) -> dict[str, float]:
    """Log loss in nats; `calibration_error` is the mean |predicted - observed| over ten bins."""
    both = np.column_stack([1 - scores, scores])
    decided = scores >= threshold
    hits = float(np.sum(decided & (observed == 1)))
    claimed, true = float(decided.sum()), float(observed.sum())
    two = 0 < true < len(observed)
    return {
        "log_loss": log_loss(observed, both),
        "brier": float(np.mean((scores - observed) ** 2)),
        **({"auc": float(metrics.roc_auc_score(observed, scores))} if two else {}),
        "calibration_error": calibration_error(observed, scores),
        "accuracy": float(np.mean(decided == observed)),
        "precision": hits / claimed if claimed else 0.0,
        "recall": hits / true if true else 0.0,
        "f1": 2 * hits / (claimed + true) if claimed + true else 0.0,
    }


def multiclass(observed: Array, scores: Array) -> dict[str, float]:
    """Log loss in nats; `brier` sums over classes; `auc` is the mean over one against the rest."""
    hot = np.eye(scores.shape[1])[observed]
    counts = hot.sum(axis=0)
    ones = [k for k in range(hot.shape[1]) if 0 < counts[k] < len(hot)]
    auc = [metrics.roc_auc_score(hot[:, k], scores[:, k]) for k in ones]
    return {
        "log_loss": log_loss(observed, scores),
        "brier": float(np.mean(np.sum((scores - hot) ** 2, axis=1))),
        **({"auc": float(np.mean(auc))} if auc else {}),
        "calibration_error": calibration_error(hot.ravel(), scores.ravel()),
        "accuracy": float(np.mean(scores.argmax(axis=1) == observed)),
    }


def regression(observed: Array, scores: Array) -> dict[str, float]:
    """In the label's unit, r2 apart."""
    error = scores - observed
    spread = float(np.mean((observed - observed.mean()) ** 2))
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
        "r2": 1 - float(np.mean(error**2)) / spread if spread else 0.0,
        "bias": float(np.mean(error)),
    }


def log_loss(observed: Array, scores: Array) -> float:
    """Mean of -ln P(what happened), with P at least CERTAIN: as the gates count it. scikit-learn
    clips where float64 ends, beyond what a float32 score can say."""
    likelihood = scores[np.arange(len(observed)), observed.astype(int)]
    return float(-np.mean(np.log(np.clip(likelihood, CERTAIN, 1))))


def baseline(task: Task, label: Array, observed: Array, classes: int) -> float:
    """The proper score of a model that only knows how often `label` takes each value."""
    if task == "regression":
        return float(np.sqrt(np.mean((observed - label.mean()) ** 2)))
    share = np.bincount(label.astype(int), minlength=classes) / len(label)
    return log_loss(observed, np.tile(share, (len(observed), 1)))


def best_f1(observed: Array, scores: Array) -> float:
    """The threshold with the best F1."""
    precision, recall, thresholds = metrics.precision_recall_curve(observed, scores)
    total = np.clip(precision + recall, np.finfo(float).tiny, None)
    return float(thresholds[np.argmax((2 * precision * recall / total)[:-1])])


def calibration(observed: Array, scores: Array) -> list[dict[str, float]]:
    """Mean predicted and mean observed value of ten groups of equal size, by score."""
    groups = np.array_split(np.argsort(scores, kind="stable"), min(BINS, len(scores)))
    return [
        {"predicted": float(scores[g].mean()), "observed": float(observed[g].mean())}
        for g in groups
    ]


def calibration_error(observed: Array, scores: Array) -> float:
    """Mean |predicted - observed| over the groups of `calibration`."""
    groups = calibration(observed, scores)
    return float(np.mean([abs(g["predicted"] - g["observed"]) for g in groups]))


def errors(task: Task, observed: Array, scores: Array) -> list[dict[str, float]]:
    """How many rows (share) are within each error: |1 - P(what happened)|, or |difference|."""
    if task == "multiclass":
        wrong = 1 - scores[np.arange(len(observed)), observed]
    else:
        wrong = np.abs(scores - observed)
    shares = np.linspace(0, 1, 51)
    return [
        {"error": float(e), "share": float(s)}
        for e, s in zip(np.quantile(wrong, shares), shares, strict=True)
    ]


def roc(task: Task, observed: Array, scores: Array) -> list[dict[str, float]]:
    """The ROC curve; classes of a multiclass task are pooled. Empty for a regression."""
    if task == "regression":
        return []
    if task == "multiclass":
        observed, scores = np.eye(scores.shape[1])[observed].ravel(), scores.ravel()
    if len(np.unique(observed)) < 2:
        return []
    false, true, _ = metrics.roc_curve(observed, scores)
    at = np.unique(np.linspace(0, len(false) - 1, 101).astype(int))
    return [
        {"false_positive_rate": float(f), "true_positive_rate": float(t)}
        for f, t in zip(false[at], true[at], strict=True)
    ]
