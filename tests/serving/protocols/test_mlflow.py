"""MLflow's four ways to write rows, and its errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serving.errors import Refusal
from serving.protocols.mlflow import PROTOCOL, error
from tests.serving.protocols.messages import CONTRACT, ROW, content, decoded, message
from tests.serving.protocols.messages import tiny_predictor as predictor_of

ROUTE = PROTOCOL.predicts[0]
SPLIT = {"columns": list(ROW), "data": [list(ROW.values())] * 2, "index": [0, 1]}
BOTH = {"instances": [ROW, ROW]}
COLUMNS = {name: [value] * 2 for name, value in ROW.items()}


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": SPLIT},
        {"dataframe_records": [ROW, ROW]},
        {"instances": [ROW, ROW]},
        {"inputs": COLUMNS},
    ],
    ids=lambda body: next(iter(body)),
)
def test_rows_are_the_same_however_they_are_written(body: Any, tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path)
    query = decoded(ROUTE, body)
    assert query.count == 2
    assert predictor(query).score.tobytes() == predictor(decoded(ROUTE, BOTH)).score.tobytes()


def test_csv_is_read_by_its_media_type() -> None:
    text = b"distance,wind,hour,weekend,carrier\n800,,9,false,UA\n"
    assert ROUTE.decode(message(text, "text/csv"), CONTRACT).count == 1


def test_params_have_no_effect_and_other_keys_are_counted() -> None:
    assert decoded(ROUTE, {"instances": [ROW], "params": {"a": 1}, "x": 1}).ignored == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "it has 0"),
        ({"instances": [], "inputs": {}}, "it has 2"),
        ({"dataframe_records": ROW}, "must be a list of rows"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "names a column twice"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1], [1, 2]]}}, "row 1 must be a list"),
        ({"dataframe_split": {"columns": [1], "data": []}}, '"dataframe_split" must be'),
    ],
)
def test_another_body_is_refused(body: Any, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        decoded(ROUTE, body)


@pytest.mark.parametrize(
    ("status", "answered", "code"),
    [
        (422, 400, "BAD_REQUEST"),
        (404, 404, "RESOURCE_DOES_NOT_EXIST"),
        (500, 500, "INTERNAL_ERROR"),
    ],
)
def test_errors_have_mlflows_codes(status: int, answered: int, code: str) -> None:
    refusal = error(status, "no", ())
    assert refusal.status == answered
    assert content(refusal) == {"error_code": code, "message": "no"}
