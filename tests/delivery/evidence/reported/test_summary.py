"""Everything that a report draws of two models on the same rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.evidence.reported import summary
from delivery.evidence.reported.summary import BINS, side_by_side
from delivery.evidence.trial import PairedScores
from serving.contract import Task
from tests.delivery.evidence.trials import paired

ROWS = 600


def shown(sides: PairedScores) -> dict[str, Any]:
    drawn = side_by_side(sides, 100, 0.02)
    json.dumps(drawn, allow_nan=False)
    return drawn


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_task_is_drawn_and_every_row_is_counted(tmp_path: Path, task: Task) -> None:
    sides = paired(tmp_path, task, ROWS)
    drawn = shown(sides)
    assert (drawn["task"], drawn["reference"]) == (task, "champion")
    assert drawn["metrics"][0]["candidate"] == pytest.approx(sides.losses.candidate.mean())
    assert drawn["metrics"][0]["reference"] == pytest.approx(sides.losses.reference.mean())
    assert len(drawn["scores"]["edges"]) == BINS + 1
    for name in ("candidate", "reference"):
        assert sum(drawn["scores"][name]) == ROWS
        assert sum(part["rows"] for part in drawn["calibration"][name]) == ROWS
    assert sum(point["rows"] for point in drawn["clusters"]["points"]) == ROWS
    assert drawn["difference"]["lower"] < drawn["difference"]["mean"] < drawn["difference"]["upper"]
    assert ("groups" in drawn, "roc" in drawn) == (task == "binary",) * 2


@pytest.mark.parametrize("side", ["candidate", "reference"])
def test_one_score_that_is_no_number_leaves_nothing_to_draw(tmp_path: Path, side: str) -> None:
    sides = paired(tmp_path)
    scores = getattr(sides, side).copy()
    scores[3] = np.inf
    assert shown(replace(sides, **{side: scores})) == {}


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
    groups: list[dict[str, Any]] = shown(made)["groups"]
    return groups


def test_a_score_at_the_threshold_is_flagged_and_one_below_is_not(tmp_path: Path) -> None:
    groups = decided(tmp_path, 0.5, [0.5, 0.499, 0.9, 0.1])
    assert groups == [
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


@pytest.mark.parametrize(("limit", "groups"), [(1, 1), (3, 3), (4, 3)])
def test_the_largest_groups_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, groups: int
) -> None:
    monkeypatch.setattr(summary, "GROUPS", limit)
    sizes = [group["rows"] for group in shown(paired(tmp_path))["groups"]]
    assert len(sizes) == groups
    assert sizes == sorted(sizes, reverse=True)


def test_clusters_beyond_the_limit_are_counted_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "CLUSTERS_SHOWN", 5)
    clusters = shown(paired(tmp_path))["clusters"]  # 25 rows a day
    assert (clusters["column"], clusters["total"], len(clusters["points"])) == ("day", 8, 5)
    assert clusters["points"][0]["cluster"] == "2013-07-01"


def test_one_cluster_cannot_be_resampled(tmp_path: Path) -> None:
    assert shown(paired(tmp_path, rows=25))["difference"] is None
    sides = paired(tmp_path / "none")
    bare = replace(sides, holdout=replace(sides.holdout, cluster_column=None))
    assert shown(bare)["clusters"] == {"column": None, "points": []}
