"""The columns of results, for each task; what is written at the disk's pace."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.batch.writing import predictions
from serving.batch.writing.predictions import RESERVED, Predictions
from serving.contract import Task
from serving.predict.predictor import Decider
from tests.serving.batch.jobs import RELEASE
from tests.serving.tiny import tiny_contract

SCORES: dict[Task, np.ndarray] = {
    "binary": np.array([0.4999, 0.5, 0.9], np.float32),
    "multiclass": np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0, 0, 1]], np.float32),
    "regression": np.array([-1.5, 0.0, 7.25], np.float32),
}


@pytest.mark.parametrize("task", SCORES)
@pytest.mark.parametrize("rows", [0, 3])
def test_rows_with_their_scores_and_decisions(tmp_path: Path, task: Task, rows: int) -> None:
    contract, score = tiny_contract(task), SCORES[task][:rows]
    with Predictions(tmp_path / "out.parquet", contract, RELEASE, "in.csv") as writer:
        given = {"row_id": pa.array(["a", "b", "c"][:rows]), "day": pa.array([1, 2, 3][:rows])}
        writer.add(np.arange(rows), score, given)
    table = pq.read_table(tmp_path / "out.parquet")
    assert set(table.column_names) - {"day"} <= set(RESERVED)
    assert table.column("score").to_pylist() == score.tolist()
    assert table.column("release").to_pylist() == [RELEASE] * rows
    assert table.column("file").to_pylist() == ["in.csv"] * rows
    assert table.column("day").to_pylist() == [1, 2, 3][:rows]
    assert json.loads(table.schema.metadata[b"classes"]) == list(contract.classes or ())
    if task != "regression":
        assert table.column("decision").to_pylist() == Decider(contract)(score)


def test_rows_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "HELD", 100)
    with Predictions(tmp_path / "out.parquet", tiny_contract(), RELEASE, "in.csv") as writer:
        for start in range(0, 30, 10):
            writer.add(np.arange(start, start + 10), np.zeros(10, np.float32), {})
    file = pq.ParquetFile(tmp_path / "out.parquet")
    assert file.num_row_groups == 3
    assert file.read().column("row").to_pylist() == list(range(30))
