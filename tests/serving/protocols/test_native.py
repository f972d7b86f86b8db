"""The protocol of this service: rows in, predictions and decisions out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from serving.errors import Problem, Refusal
from serving.predict.predictor import Query
from serving.protocols.native import PROTOCOL, encode, error, example
from tests.serving.protocols.messages import ROW, content, decoded, scored, tiny_predictor

ROUTE = PROTOCOL.predicts[0]


def test_fields_beside_the_rows_are_counted() -> None:
    query = decoded(ROUTE, {"instances": [ROW, ROW], "parameters": {}, "more": 1})
    assert (query.count, query.ignored) == (2, 2)


@pytest.mark.parametrize(
    ("body", "found"),
    [({}, "none"), ({"instances": ROW}, "something else"), ({"instances": None}, "something else")],
)
def test_a_body_without_a_list_of_rows_is_refused(body: Any, found: str) -> None:
    with pytest.raises(Refusal, match=f"must be a list of rows, found {found}"):
        decoded(ROUTE, body)


def test_predictions_come_with_decisions_and_the_release(tmp_path: Path) -> None:
    answer = content(encode(scored(0.25, 0.75), Query(2), tiny_predictor(tmp_path)))
    assert answer == {
        "predictions": [0.25, 0.75],
        "decisions": ["False", "True"],
        "release": "r-0123456789ab",
        "ignored_fields": 0,
    }


def test_an_error_lists_the_problems() -> None:
    answer = error(422, "no", [Problem(0, "hour", "24", "less", "range")])
    assert answer.status == 422
    assert content(answer)["error"]["problems"][0]["field"] == "hour"


def test_the_example_is_answered_as_it_says(tmp_path: Path) -> None:
    predictor = tiny_predictor(tmp_path)
    shown = asyncio.run(example(predictor))
    query = decoded(ROUTE, shown.request)
    assert content(encode(predictor(query), query, predictor)) == shown.answer
    assert shown.explained is not None
