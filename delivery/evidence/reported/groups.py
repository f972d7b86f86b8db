"""What a model's decisions mean for each group of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.evidence.trial import PairedScores

SHOWN = 12  # groups of one segment


def by_group(paired: PairedScores) -> list[dict[str, Any]]:
    """What the candidate's decisions mean for each group, the largest of each segment first.

    Shares of the group's rows that are positive and flagged; recall and false positive rate
    within it, None where no row could tell. Empty for a model without a threshold.
    """
    threshold = paired.contract.threshold
    if threshold is None:
        return []
    flagged, true = paired.candidate >= threshold, paired.holdout.labels == 1
    groups = []
    for segment, values in paired.holdout.segments.items():
        names, counts = np.unique(values, return_counts=True)
        for name in names[np.argsort(-counts, kind="stable")][:SHOWN]:
            where = values == name
            groups.append(
                {
                    "segment": segment,
                    "value": str(name),
                    "rows": int(where.sum()),
                    "positive": float(true[where].mean()),
                    "flagged": float(flagged[where].mean()),
                    "recall": _share(flagged[where & true]),
                    "false_positive": _share(flagged[where & ~true]),
                }
            )
    return groups


def _share(flagged: NDArray[np.bool_]) -> float | None:
    return float(flagged.mean()) if len(flagged) else None
