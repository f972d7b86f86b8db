"""What decisions by the threshold mean for each group."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.evidence.reported import groups
from delivery.evidence.reported.groups import by_group
from delivery.evidence.trial import PairedScores
from tests.delivery.evidence.trials import paired


def decided(folder: Path, threshold: float | None, scores: list[float]) -> list[dict[str, Any]]:
    """Groups of four rows, two carriers, labels 1 0 | 0 0."""
    sides = paired(folder, rows=25)
    rows = replace(
        sides.holdout,
        labels=np.array([1, 0, 0, 0]),
        clusters=np.arange(4),
        cluster_names=("a", "b", "c", "d"),
        segments={"carrier": np.array(["AA", "AA", "DL", "DL"])},
    )
    contract = sides.contract.model_copy(update={"threshold": threshold})
    made = PairedScores(contract, rows, np.array(scores), np.full(4, 0.5), "champion")
    return by_group(made)


def test_a_score_at_the_threshold_is_flagged_and_one_below_is_not(tmp_path: Path) -> None:
    assert decided(tmp_path, 0.5, [0.5, 0.499, 0.9, 0.1]) == [
        {
            "segment": "carrier", "value": "AA", "rows": 2, "positive": 0.5,
            "flagged": 0.5, "recall": 1.0, "false_positive": 0.0,
        },
        {
            "segment": "carrier", "value": "DL", "rows": 2, "positive": 0.0,
            "flagged": 0.5, "recall": None, "false_positive": 0.5,
        },
    ]  # fmt: skip


def test_without_a_threshold_nothing_is_decided(tmp_path: Path) -> None:
    assert decided(tmp_path, None, [0.5] * 4) == []


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (3, 3), (4, 3)])
def test_the_largest_groups_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, count: int
) -> None:
    monkeypatch.setattr(groups, "SHOWN", limit)
    sizes = [group["rows"] for group in by_group(paired(tmp_path))]
    assert len(sizes) == count
    assert sizes == sorted(sizes, reverse=True)
