"""Which inputs a model leans on: by how much its loss rises where one of them is shuffled.

Reported, never judged: that a retrained model leans on other inputs is no harm by itself. Source:
Breiman, "Random Forests", Machine Learning 45 (2001), section 10.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from delivery.bento.client import instances
from delivery.errors import HeldError, TargetError
from delivery.evidence.predictions import Interview
from delivery.evidence.quality.robustness import Pupil
from delivery.evidence.reported.summary import Sides
from delivery.gates.numbers.metrics import LOSS_NAMES, losses

SEED = 0
MOST, LEAST = 500, 50  # rows of the holdout that are asked again for each input
BUDGET = 16_000  # rows in all, for each model


def importance(desk: Interview, sides: Sides, pupils: tuple[Pupil, ...]) -> dict[str, Any]:
    """`inputs`: each with the rise of the mean loss, for the candidate and for the champion (None
    where it has no such input), those that the candidate leans on most first. `missing` instead,
    where a bento could not be asked."""
    names = list(dict.fromkeys(spec.name for one in pupils for spec in one.contract.inputs))
    rows = max(LEAST, min(MOST, BUDGET // len(names)))
    try:
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda one: _rises(desk, sides, one, rows), pupils))
    except (HeldError, TargetError) as error:
        return {"missing": str(error)}
    own, other = found[0], found[1] if len(found) > 1 else {}
    names.sort(key=lambda name: -own.get(name, 0.0))
    inputs = [
        {"input": name, "candidate": own.get(name), "reference": other.get(name)} for name in names
    ]
    return {"metric": LOSS_NAMES[sides.task], "rows": min(rows, len(sides.holdout)),
            "inputs": inputs}  # fmt: skip


def _rises(desk: Interview, sides: Sides, pupil: Pupil, rows: int) -> dict[str, float]:
    """Input → by how much the mean loss rises."""
    holdout = sides.holdout
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(holdout))[:rows])
    labels, table = holdout.labels[chosen], holdout.table.take(chosen)
    before = float(losses(sides.task, labels, pupil.scores[chosen]).mean())
    asked = list(instances(table, pupil.contract, holdout.file))
    found = {}
    for spec in pupil.contract.inputs:
        order = np.random.default_rng(SEED).permutation(len(asked))
        shuffled = [
            row | {spec.name: asked[other][spec.name]}
            for row, other in zip(asked, order, strict=True)
        ]
        scores = desk.rows(pupil.subject, shuffled)
        rise = float(losses(sides.task, labels, scores).mean()) - before
        if np.isfinite(rise):
            found[spec.name] = rise
    return found
