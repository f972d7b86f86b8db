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
