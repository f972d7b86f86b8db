"""Rows are scored over HTTP; refusals become clear holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.bento.client import OWN, read_examples, score_rows
from delivery.errors import HeldError, TargetError
from tests.delivery.standin import halves, standin


def test_scores_of_several_classes_keep_their_shape() -> None:
    with standin(lambda batch: (200, {"predictions": [[0.2, 0.8]] * len(batch)})) as url:
        assert score_rows(url, [{}] * 3).shape == (3, 2)


def test_who_reads_the_prediction_log_can_tell_these_requests_from_those_of_clients() -> None:
    ids: list[str] = []
    with standin(halves, ids=ids) as url:
        score_rows(url, [{}])
    assert ids
    assert all(identity.startswith(OWN) for identity in ids)


def test_an_answer_of_null_is_nan() -> None:
    with standin(lambda batch: (200, {"predictions": [None] * len(batch)})) as url:
        assert np.isnan(score_rows(url, [{}] * 3)).all()


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


def test_examples_are_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "examples.jsonl"
    file.write_text(json.dumps({"instance": {"a": None}, "prediction": [0.1, 0.9]}) + "\n{}\n")
    with pytest.raises(HeldError, match="line 2"):
        read_examples(tmp_path)
    file.write_text(json.dumps({"instance": {"a": None}, "prediction": [0.1, 0.9]}) + "\n")
    assert read_examples(tmp_path)[0].prediction == [0.1, 0.9]
    with pytest.raises(HeldError, match="no such file"):
        read_examples(tmp_path / "nowhere")


def refusal(batch: list[dict[str, Any]]) -> tuple[int, Any]:
    """The first thousand rows are scored, and row 8 of what follows is refused."""
    if len(batch) == 1000:
        return halves(batch)
    problem = {"row": 7, "field": "origin", "value": '"ZZZ"', "expected": "EWR, JFK"}
    return 422, {"error": {"message": "no", "problems": [problem]}}


@pytest.mark.parametrize(("count", "refused"), [(1000, False), (1001, True), (1100, True)])
def test_a_refused_row_is_counted_from_the_first_that_was_sent(count: int, refused: bool) -> None:
    with standin(refusal) as url:
        if not refused:
            assert score_rows(url, [{}] * count).shape == (count,)
            return
        with pytest.raises(HeldError, match='the model refuses row 1008: field origin is "ZZZ"'):
            score_rows(url, [{}] * count)
