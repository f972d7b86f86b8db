"""Scores have one shape for each task, and a model that does not fit its task is named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import PipelineError
from pipeline.trained.score import classes_of, refusal, score, unseen_categories
from serving.contract import Task

ROWS = pd.DataFrame({"x": np.float32([1, 2])})


def classifier(*labels: Any) -> Any:
    share = 1 / max(1, len(labels))
    return SimpleNamespace(
        classes_=np.array(labels), predict_proba=lambda rows: [[share] * len(labels)] * len(rows)
    )


REGRESSOR: Any = SimpleNamespace(predict=lambda rows: [[1.0]] * len(rows))


@pytest.mark.parametrize(
    ("model", "task", "shape"),
    [
        (classifier(0, 1), "binary", (2,)),
        (classifier("a", "b", "c"), "multiclass", (2, 3)),
        (REGRESSOR, "regression", (2,)),
    ],
)
def test_the_shape_is_that_of_the_task(model: Any, task: Task, shape: tuple[int, ...]) -> None:
    scores = score(model, ROWS, task)
    assert (scores.shape, scores.dtype) == (shape, np.float64)


def test_labels_are_text_in_the_order_of_the_columns() -> None:
    assert classes_of(classifier(False, True), "binary") == ("False", "True")
    assert classes_of(REGRESSOR, "regression") is None


@pytest.mark.parametrize(
    ("model", "task", "message"),
    [
        (REGRESSOR, "binary", "without `predict_proba`"),
        (classifier(0, 1), "regression", "without `predict`"),
        (classifier(0, 1, 2), "binary", "the model has 3 classes"),
        (SimpleNamespace(predict_proba=None), "multiclass", "the model has no classes_"),
    ],
)
def test_a_model_that_does_not_fit_its_task_is_named(model: Any, task: Task, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        classes_of(model, task)


def test_a_category_that_training_never_saw_explains_a_refusal() -> None:
    seen = pd.DataFrame({"shop": pd.Series(["a", "b"], dtype=object)})
    rows = pd.DataFrame({"shop": pd.Series(["a", "c", "d", "e", "f"], dtype=object)})
    assert unseen_categories(rows, seen) == {"shop": ["c", "d", "e", "f"]}
    assert "'c', 'd', 'e' and 1 more in column 'shop'" in str(refusal(ValueError(), rows, seen))


def test_another_refusal_shows_the_models_own_words() -> None:
    seen = pd.DataFrame({"shop": pd.Series(["a"], dtype=object)})
    assert "cannot score the validation rows: odd" in str(refusal(ValueError("odd"), seen, seen))
