"""What every protocol does between decoding and encoding: limits, validation, scores, decisions."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.contract import Task
from serving.errors import Refusal
from serving.predict.loaded_model import load_model
from serving.predict.predictor import Decider, Predictor, Query
from serving.settings.service import ServingSettings, Start
from tests.serving.tiny import tiny_contract

ROW = {"distance": 800.0, "wind": None, "hour": 9, "weekend": False, "carrier": "UA"}


def predictor_of(folder: Path, **settings: Any) -> Predictor:
    return Predictor(load_model(folder), Start("r-1", ServingSettings.model_validate(settings)))


@pytest.mark.parametrize(("count", "allowed"), [(0, False), (1, True), (2, True), (3, False)])
def test_rows_are_limited(models: dict[Task, Path], count: int, allowed: bool) -> None:
    predictor = predictor_of(models["binary"], limits={"rows": 2})
    query = Query(count, [ROW] * count)
    if allowed:
        assert predictor(query).score.shape == (count,)
        return
    with pytest.raises(Refusal, match=f"has {count} rows, allowed are 1 to 2") as caught:
        predictor(query)
    assert caught.value.status == 422


def test_rows_and_columns_give_the_same_bits(models: dict[Task, Path]) -> None:
    predictor = predictor_of(models["binary"])
    columns = {name: [value] for name, value in ROW.items()}
    by_rows, by_columns = Query(1, [ROW], ignored=2), Query(1, columns=columns)
    assert predictor(by_rows).score.tobytes() == predictor(by_columns).score.tobytes()
    assert predictor(by_rows).ignored == 2


@pytest.mark.parametrize("max_rows", [0, 8])
def test_a_value_that_does_not_fit_is_refused_with_its_problems(
    models: dict[Task, Path], max_rows: int
) -> None:
    predictor = predictor_of(models["binary"], batching={"max_rows": max_rows})
    with pytest.raises(Refusal) as caught:
        asyncio.run(predictor.answer(Query(1, [ROW | {"hour": 24}])))
    assert [problem.field for problem in caught.value.problems] == ["hour"]


@pytest.mark.parametrize(
    ("task", "score", "labels"),
    [
        ("binary", [0.49999, 0.5, 0.9], ["False", "True", "True"]),
        ("multiclass", [[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], ["on time", "early"]),
        ("regression", [0.9], None),
    ],
)
def test_a_decision_is_the_threshold_or_the_greatest_score(
    task: Task, score: list[Any], labels: list[str] | None
) -> None:
    assert Decider(tiny_contract(task))(np.array(score, np.float32)) == labels


def test_what_answers_is_described(models: dict[Task, Path]) -> None:
    described = predictor_of(models["regression"]).describe()
    assert (described["release"], described["task"]) == ("r-1", "regression")
    assert "model.onnx" in described["files"]
