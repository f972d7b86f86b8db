"""What a draft counts and writes of its windows, and what goes along."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from serving.batch.checking.checker import Checked
from serving.batch.reading.chunk import Chunk, arrow_chunk
from serving.batch.writing.draft import Draft, carried
from serving.batch.writing.predictions import Predictions
from serving.errors import Problem
from tests.serving.batch.jobs import RELEASE
from tests.serving.tiny import tiny_contract


def test_windows_are_added_up(tmp_path: Path) -> None:
    path = tmp_path / "scores"
    problem = Problem(12, "hour", "24", "an integer", "range")
    predictions = Predictions(path, tiny_contract(), RELEASE, "in.csv")
    with Draft(predictions, tmp_path / "problems", "in.csv") as draft:
        first = Checked(2, np.array([0, 1]), {}, (problem, problem))
        draft.add(Chunk(10, 13, np.array([10, 11, 12]), []), first, np.zeros(2, np.float32), {})
        blank = Chunk(13, 15, np.array([14]), [])  # an empty line has a number, and is nothing
        draft.add(blank, Checked(1, None, {}, ()), np.zeros(1, np.float32), {})
        draft.last = True
    assert draft.counted() == {
        "start": 10,
        "end": 15,
        "rows": 4,
        "scored": 3,
        "refused": 1,
        "last": True,
        "reasons": {"hour: range": 2},
    }
    lines = [json.loads(line) for line in (tmp_path / "problems").read_text().splitlines()]
    assert lines[0] == {
        "file": "in.csv",
        "row": 12,
        "field": "hour",
        "value": "24",
        "expected": "an integer",
        "reason": "range",
    }


def test_a_failure_leaves_no_file_open(tmp_path: Path) -> None:
    predictions = Predictions(tmp_path / "scores", tiny_contract(), RELEASE, "in.csv")
    draft = Draft(predictions, tmp_path / "problems", "in.csv")
    with pytest.raises(ZeroDivisionError), draft:
        raise ZeroDivisionError
    assert draft._problems.closed


@pytest.mark.parametrize(
    "texts",
    [
        pa.array(["a", "b", "c"]),
        pa.array(["a", "b", "c"], pa.large_string()),
        pa.array(["a", "b", "c"], pa.string_view()),
        pa.array(["a", "b", "c"]).dictionary_encode(),
    ],
)
def test_texts_are_of_one_type(texts: pa.Array) -> None:
    chunk = arrow_chunk(0, pa.RecordBatch.from_pydict({"id": texts}))
    taken = carried(chunk, np.array([0, 2]), {"row_id": "id"})["row_id"]
    assert taken.type == pa.string()
    assert taken.to_pylist() == ["a", "c"]


def test_values_of_json_go_along_as_texts() -> None:
    rows = [{"id": 1}, {"id": "b"}, {}, {"id": [1, None]}]
    chunk = Chunk(0, 4, np.arange(4), rows)
    assert carried(chunk, None, {"row_id": "id"})["row_id"].to_pylist() == [
        "1",
        "b",
        None,
        "[1, null]",
    ]
