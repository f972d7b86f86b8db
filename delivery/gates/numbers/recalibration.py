"""How much a model would gain by turning its scores: a line through their logits, or through the
values themselves for regression. A well calibrated model gains nothing.

Source: Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958);
called weak calibration by Van Calster et al., J. Clin. Epidemiol. 74 (2016). numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.numbers.metrics import Labels, confidence
from serving.contract import CERTAIN, Task

ROUNDS = 50
TINY = 1e-12


@dataclass(frozen=True)
class Recalibrated:
    """The line that fits best, and by how much it lowers the loss of each row, [rows].

    A calibrated model has intercept 0 and slope 1; a slope below 1 means scores too extreme.
    """

    gains: Floats
    intercept: float
    slope: float


def recalibrate(task: Task, labels: Labels, scores: Floats) -> Recalibrated:
    """Fit the line on the rows themselves. Scores must be finite.

    Several classes count as one question, whether the top class was right.
    """
    if task == "regression":
        return _least_squares(np.asarray(labels, dtype=np.float64), scores)
    labels, scores = confidence(task, labels, scores)
    return _logistic(np.asarray(labels, dtype=np.float64), scores)


def _least_squares(values: Floats, scores: Floats) -> Recalibrated:
    spread = float(scores.var())
    slope = float(((scores - scores.mean()) * (values - values.mean())).mean()) / (spread or 1.0)
    intercept = float(values.mean() - slope * scores.mean())
    gains = np.square(values - scores) - np.square(values - intercept - slope * scores)
    return Recalibrated(gains, intercept, slope)


def _logistic(hits: Floats, scores: Floats) -> Recalibrated:
    """Newton's method from the identity on, in steps that lower the loss. A prior of the weight
    of one row keeps the line finite where the classes are separated."""
    clipped = np.clip(scores, CERTAIN, 1 - CERTAIN)
    design = np.stack([np.ones(len(hits)), np.log(clipped / (1 - clipped))], axis=1)
    identity = np.array([0.0, 1.0])
    line, best = identity, _objective(design, hits, identity)
    for _ in range(ROUNDS):
        answers = 1 / (1 + np.exp(-(design @ line)))
        gradient = design.T @ (answers - hits) + (line - identity)
        curvature = (design * (answers * (1 - answers))[:, None]).T @ design + np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while (lost := _objective(design, hits, line - step)) > best and np.abs(step).max() > TINY:
            step = step / 2
        if best - lost <= TINY * max(best, 1.0):
            break
        line, best = line - step, lost
    gains = _loss(design @ identity, hits) - _loss(design @ line, hits)
    return Recalibrated(gains, float(line[0]), float(line[1]))


def _objective(design: Floats, hits: Floats, line: Floats) -> float:
    prior = 0.5 * float(np.square(line - [0.0, 1.0]).sum())
    return float(_loss(design @ line, hits).sum()) + prior


def _loss(logits: Floats, hits: Floats) -> Floats:
    """The log loss of each row, in nats."""
    return np.logaddexp(0.0, logits) - hits * logits
