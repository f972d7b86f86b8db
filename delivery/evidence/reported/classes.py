"""What a model of several classes confuses: figures of each class, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.numbers.metrics import Labels

SHOWN = 10  # classes; those with fewer rows are one: others
OTHERS = "others"


def by_class(
    names: Sequence[str], labels: Labels, candidate: Floats, reference: Floats
) -> dict[str, Any]:
    """`classes`: name, rows, and of both models precision and recall, None where no row could
    tell. `confusion`: rows whose label is the row's class and whose highest score has the column's,
    for the candidate. `labels` are class numbers, [rows]; scores are [rows, classes].
    """
    shown = _most_frequent(labels, len(names))
    rest = len(shown) < len(names)
    places = np.full(len(names), len(shown))
    places[shown] = np.arange(len(shown))
    size = len(shown) + rest
    matrices = [
        _matrix(places[labels], places[scores.argmax(axis=1)], size)
        for scores in (candidate, reference)
    ]
    return {
        "classes": [
            {"name": names[label], **_figures(place, *matrices)}
            for place, label in enumerate(shown)
        ],
        "confusion": {
            "names": [names[label] for label in shown] + ([OTHERS] if rest else []),
            "rows": matrices[0].tolist(),
        },
    }


def _most_frequent(labels: Labels, count: int) -> NDArray[np.intp]:
    """The numbers of the classes that are shown, in their own order."""
    rows = np.bincount(labels, minlength=count)
    return np.sort(np.argsort(-rows, kind="stable")[:SHOWN])


def _matrix(true: Labels, predicted: Labels, size: int) -> NDArray[np.int64]:
    counts = np.bincount(true * size + predicted, minlength=size * size)
    return counts.reshape(size, size).astype(np.int64)


def _figures(place: int, candidate: Labels, reference: Labels) -> dict[str, Any]:
    figures: dict[str, Any] = {"rows": int(candidate[place].sum())}
    for side, matrix in (("candidate", candidate), ("reference", reference)):
        hit = int(matrix[place, place])
        figures[side] = {
            "precision": _share(hit, int(matrix[:, place].sum())),
            "recall": _share(hit, int(matrix[place].sum())),
        }
    return figures


def _share(hit: int, of: int) -> float | None:
    return hit / of if of else None
