from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest

from pipeline.data.io import DATA, EVALUATION, METRICS, SCORES, read_part, write_frame
from pipeline.errors import PipelineError
from pipeline.evaluate import evaluate
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]


@pytest.mark.parametrize(
    ("model", "proper"),
    [
        ("minimal", "log_loss"),
        ("multiclass", "log_loss"),
        ("regression", "rmse"),
        ("temporal", "log_loss"),
    ],
)
def test_each_task_has_its_proper_score_first_and_beats_the_baseline(
    workspace: Make, model: str, proper: str
) -> None:
    workspace(model).run("evaluate")
    metrics = json.loads(METRICS.read_text())
    assert next(iter(metrics)) == proper
    assert metrics[proper] < 0.9 * metrics["baseline"]
    assert metrics["rows"] == len(read_part("validation"))
    scores = pd.read_parquet(SCORES)
    assert len(scores) == metrics["rows"]
    assert scores.shape[1] == (10 if model == "multiclass" else 1)


def test_the_holdout_stays_shut(workspace: Make) -> None:
    place = workspace("temporal")
    settings = place.run("train")
    (DATA / "holdout.parquet").write_bytes(b"not to be opened")
    evaluate(settings)


def test_slices_follow_the_segments(workspace: Make) -> None:
    workspace("temporal").run("evaluate")
    slices = json.loads((EVALUATION / "slices.json").read_text())
    assert len(slices) == 12
    assert {line["segment"] for line in slices} == {"shop"}
    assert sum(line["rows"] for line in slices) == len(read_part("validation"))


def test_a_threshold_is_given_or_found(workspace: Make) -> None:
    place = workspace("temporal")
    place.run("evaluate", evaluate__threshold=0.3)
    given = json.loads(METRICS.read_text())
    evaluate(place.settings(evaluate__threshold="f1"))
    found = json.loads(METRICS.read_text())
    assert given["threshold"] == 0.3
    assert found["f1"] >= given["f1"]


def test_a_category_that_the_model_refuses_is_named(workspace: Make) -> None:
    place = workspace("temporal")
    file = place.path / "model" / "__init__.py"
    place.write_model(file.read_text().replace('handle_unknown="ignore"', 'handle_unknown="error"'))
    settings = place.run("train")
    rows = read_part("validation")
    rows.loc[0, "shop"] = "shop-new"
    write_frame(DATA / "validation.parquet", rows)
    with pytest.raises(PipelineError, match=r"'shop-new' in column 'shop'.*handle_unknown.*dvc"):
        evaluate(settings)
    assert not EVALUATION.exists(), "nothing half-written"


def test_a_label_that_training_never_saw_is_named(workspace: Make) -> None:
    place = workspace("temporal")
    settings = place.run("train")
    rows = read_part("validation")
    rows.loc[0, "sold_out"] = "maybe"
    write_frame(DATA / "validation.parquet", rows)
    with pytest.raises(PipelineError, match="label 'maybe'"):
        evaluate(settings)
