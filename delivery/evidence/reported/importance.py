"""Which inputs a model leans on: by how much its loss rises where one of them is shuffled.

Reported, never judged: that a retrained model leans on other inputs is no harm by itself. Source:
Breiman, "Random Forests", Machine Learning 45 (2001), section 10.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from delivery.errors import HeldError, TargetError
from delivery.evidence.predictions import Predictions
from delivery.evidence.table import instances
from delivery.evidence.trial import ModelUnderTest, PairedScores, Trial
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.numbers.metrics import LOSS_NAMES, losses

SEED = 0
MOST, LEAST = 500, 50  # rows of the holdout that are asked again for each input
BUDGET = 16_000  # rows in all, for each model


def importance(trial: Trial, paired: PairedScores) -> dict[str, Any]:
    """`inputs`: each with the rise of the mean loss, for the candidate and for the champion (None
    where it has no such input), those that the candidate leans on most first. `missing` instead,
    where a bento could not be asked."""
    models = trial.models(paired)
    names = list(dict.fromkeys(spec.name for model in models for spec in model.contract.inputs))
    rows = max(LEAST, min(MOST, BUDGET // len(names)))
    try:
        with ThreadPoolExecutor(2) as pool:
            rises = list(
                pool.map(lambda model: _rises(trial.predictions, paired, model, rows), models)
            )
    except (HeldError, TargetError) as error:
        return {"missing": str(error)}
    own, other = rises[0], rises[1] if len(rises) > 1 else {}
    names.sort(key=lambda name: -own.get(name, 0.0))
    inputs = [
        {"input": name, "candidate": own.get(name), "reference": other.get(name)} for name in names
    ]
    return {"metric": LOSS_NAMES[paired.task], "rows": min(rows, len(paired.holdout)),
            "inputs": inputs}  # fmt: skip


def _rises(
    predictions: Predictions, paired: PairedScores, model: ModelUnderTest, rows: int
) -> dict[str, float]:
    """Input → by how much the mean loss rises."""
    holdout = paired.holdout
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(holdout))[:rows])
    labels, table = holdout.labels[chosen], holdout.table.take(chosen)
    sample = list(instances(table, model.contract, holdout.file))

    def loss(scores: Floats) -> float:
        return float(losses(paired.task, labels, scores).mean())

    rises = {}
    for spec in model.contract.inputs:
        order = np.random.default_rng(SEED).permutation(len(sample))
        shuffled = [
            row | {spec.name: sample[other][spec.name]}
            for row, other in zip(sample, order, strict=True)
        ]
        scores = predictions.rows(model.bento, shuffled)
        rise = loss(scores) - loss(model.scores[chosen])
        if np.isfinite(rise):
            rises[spec.name] = rise
    return rises
