"""Rows are scored over HTTP, by the contract; refusals become clear holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from delivery.bento.client import cached, instances, read_examples, score_rows, score_table
from delivery.errors import HeldError, TargetError
from serving.contract import Contract, Input, Output, Roles
from tests.delivery.standin import halves, standin

FILE = Path("holdout.parquet")
CONTRACT = Contract(
    name="tiny",
    task="binary",
    inputs=(
        Input(name="wind", dtype="float32", nullable=True),
        Input(name="hour", dtype="int64"),
        Input(name="origin", dtype="string"),
    ),
    outputs=(Output(name="score", dtype="float32"),),
    classes=("False", "True"),
    roles=Roles(label="late", row_id="id", timestamp="when"),
)


def rows(count: int) -> pa.Table:
    return pa.table(
        {
            "id": [str(i) for i in range(count)],
            "when": pa.array([0] * count, pa.timestamp("us")),
            "wind": pa.array([float("nan") if i % 2 else i for i in range(count)], pa.float64()),
            "hour": pa.array([float(i) for i in range(count)]),
            "origin": pa.array(["JFK"] * count).dictionary_encode(),
            "late": [True] * count,
        }
    )


def test_only_the_inputs_are_sent_in_order_and_nan_as_null() -> None:
    seen: list[dict[str, Any]] = []

    def answer(batch: list[dict[str, Any]]) -> tuple[int, Any]:
        seen.extend(batch)
        return 200, {"predictions": [row["hour"] / 10_000 for row in batch]}

    with standin(answer) as url:
        scores = score_table(url, rows(2500), CONTRACT, FILE)
    assert scores.tolist() == [i / 10_000 for i in range(2500)]
    assert seen[:2] == [
        {"wind": 0.0, "hour": 0, "origin": "JFK"},
        {"wind": None, "hour": 1, "origin": "JFK"},
    ]


def test_scores_of_several_classes_keep_their_shape() -> None:
    with standin(lambda batch: (200, {"predictions": [[0.2, 0.8]] * len(batch)})) as url:
        assert score_rows(url, [{}] * 3).shape == (3, 2)


def test_an_answer_of_null_is_nan() -> None:
    with standin(lambda batch: (200, {"predictions": [None] * len(batch)})) as url:
        assert np.isnan(score_rows(url, [{}] * 3)).all()


def test_a_refused_row_holds_and_names_row_field_value_and_what_is_expected() -> None:
    def answer(batch: list[dict[str, Any]]) -> tuple[int, Any]:
        if len(batch) == 1000:
            return halves(batch)
        problem = {"row": 7, "field": "origin", "value": '"ZZZ"', "expected": "EWR, JFK"}
        return 422, {"error": {"message": "no", "problems": [problem]}}

    with (
        standin(answer) as url,
        pytest.raises(
            HeldError, match=r'row of holdout.parquet 1008: field origin is "ZZZ", .*JFK'
        ),
    ):
        score_table(url, rows(1100), CONTRACT, FILE)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, ["not ours"], HeldError),
        (500, {"error": {}}, TargetError),
        (200, {"predictions": [0.5]}, TargetError),
        (200, {}, TargetError),
        (200, {"predictions": [[0.5], 0.5, 0.5]}, TargetError),
    ],
)
def test_other_answers_are_errors_of_their_kind(
    status: int, body: Any, error: type[Exception]
) -> None:
    with standin(lambda _: (status, body)) as url, pytest.raises(error):
        score_rows(url, [{}] * 3)


def test_a_server_that_is_not_there_is_a_target_error() -> None:
    with pytest.raises(TargetError, match="does not answer"):
        score_rows("http://127.0.0.1:9", [{}])


def test_a_missing_column_an_infinity_and_a_fraction_hold() -> None:
    with pytest.raises(HeldError, match="no column 'wind'"):
        list(instances(rows(2).drop_columns("wind"), CONTRACT, FILE))
    infinite = rows(1).set_column(2, "wind", pa.array([float("inf")]))
    with pytest.raises(HeldError, match="wind is infinite in 1 rows"):
        list(instances(infinite, CONTRACT, FILE))
    fraction = rows(1).set_column(3, "hour", pa.array([0.5]))
    with pytest.raises(HeldError, match="hour is not whole"):
        list(instances(fraction, CONTRACT, FILE))


def test_scores_are_remembered_and_damage_is_mended(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> Any:
        made.append(1)
        return np.array([0.25, np.nan])

    for _ in range(2):
        assert cached(tmp_path / "scores", "key", make)[0] == 0.25
    assert len(made) == 1
    (tmp_path / "scores" / "key.npy").write_bytes(b"\x93NUMPY broken")
    assert cached(tmp_path / "scores", "key", make)[0] == 0.25
    assert len(made) == 2
    assert sorted(path.name for path in (tmp_path / "scores").iterdir()) == ["key.json", "key.npy"]


def test_examples_are_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "examples.jsonl"
    file.write_text(json.dumps({"instance": {"a": None}, "prediction": [0.1, 0.9]}) + "\n{}\n")
    with pytest.raises(HeldError, match="line 2"):
        read_examples(tmp_path)
    file.write_text(json.dumps({"instance": {"a": None}, "prediction": [0.1, 0.9]}) + "\n")
    assert read_examples(tmp_path)[0].prediction == [0.1, 0.9]
    with pytest.raises(HeldError, match="cannot be read"):
        read_examples(tmp_path / "nowhere")
