"""The exported folder, with real fixture models: what `serving` and `delivery` rely on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from pipeline.data.io import MODEL, read_part
from pipeline.errors import PipelineError
from pipeline.export.tracking import tags
from serving.contract import Behaviour, Contract, parse, read_contract
from serving.predict.loaded_model import file_hashes, load_model
from serving.rows.validate import Validator
from tests.checkout import ROOT
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]
KINDS = {"float32": "float32", "int64": "int64", "bool": "bool", "string": object}


def answer(contract: Contract, instances: list[dict[str, Any]]) -> np.ndarray:
    """What a service does with a request: null is NaN or the empty text."""
    session = onnxruntime.InferenceSession((MODEL / "model.onnx").read_bytes())
    feed = {}
    for spec in contract.inputs:
        missing = "" if spec.dtype == "string" else np.nan
        values = [missing if row[spec.name] is None else row[spec.name] for row in instances]
        feed[spec.name] = np.array(values, dtype=KINDS[spec.dtype]).reshape(-1, 1)
    return session.run(["score"], feed)[0]


@pytest.mark.parametrize(
    ("model", "shape"),
    [("minimal", ()), ("multiclass", (10,)), ("regression", ()), ("temporal", ())],
)
def test_the_exported_model_answers_every_example(workspace: Make, model: str, shape: Any) -> None:
    workspace(model).run()
    contract = read_contract(MODEL)
    lines = (MODEL / "examples.jsonl").read_text().splitlines()
    examples = [json.loads(line) for line in lines]
    expected = np.array([example["prediction"] for example in examples])
    got = answer(contract, [example["instance"] for example in examples])
    assert got.dtype == np.float32
    assert got.shape == (len(examples), *shape) == expected.shape
    assert contract.outputs[0].shape == shape
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    names = [
        value.name for value in onnxruntime.InferenceSession(MODEL / "model.onnx").get_inputs()
    ]
    assert names == [spec.name for spec in contract.inputs]


def test_the_contract_says_what_the_data_and_params_say(workspace: Make) -> None:
    place = workspace("regression")
    known = {"unit": "years", "range": [0, 120], "nullable": False, "sensitive": True}
    place.run(prepare__columns__age=known)
    contract = read_contract(MODEL)
    inputs = {spec.name: spec for spec in contract.inputs}
    assert (inputs["age"].unit, inputs["age"].range) == ("years", (0, 120))
    assert (inputs["bmi"].nullable, inputs["age"].nullable) == (True, False)
    assert [spec.name for spec in contract.inputs if spec.sensitive] == ["age"]
    assert inputs["sex"].nullable
    assert inputs["sex"].categories == ("one", "two")
    assert inputs["sex"].unseen == "accept"
    assert inputs["blood pressure"].dtype == "float32"
    histogram = inputs["bmi"].histogram
    rows = pd.concat([read_part("train"), read_part("validation")])  # refit saw both
    assert histogram is not None
    assert sum(histogram.counts) + histogram.missing == len(rows)
    assert histogram.missing == rows["bmi"].isna().sum()
    assert (contract.task, contract.classes, contract.trained_until) == ("regression", None, None)


def test_classes_threshold_and_time_are_in_the_contract(workspace: Make) -> None:
    workspace("temporal").run(evaluate__threshold=0.4)
    contract = read_contract(MODEL)
    assert contract.classes == ("no", "yes")
    assert contract.threshold == 0.4
    assert contract.trained_until == "2024-05-30"  # validation is May; the gap takes a day
    assert contract.roles.segments == ("shop",)


def test_examples_hold_what_data_seldom_shows(workspace: Make) -> None:
    workspace("regression").run()
    examples = [json.loads(line) for line in (MODEL / "examples.jsonl").read_text().splitlines()]
    rows = [example["instance"] for example in examples]
    assert any(row["bmi"] is None for row in rows)
    assert any(row["sex"] is None for row in rows)
    assert any(row["sex"] == "never seen in training" for row in rows)


def test_a_category_is_rejected_where_the_model_cannot_cope(workspace: Make) -> None:
    """The model itself is asked, so that a category seen only in the holdout is defined."""
    place = workspace("temporal")
    file = place.path / "model" / "__init__.py"
    place.write_model(file.read_text().replace('handle_unknown="ignore"', 'handle_unknown="error"'))
    place.run()
    inputs = {spec.name: spec for spec in read_contract(MODEL).inputs}
    assert inputs["shop"].unseen == "reject"


def test_two_runs_give_the_same_bytes(workspace: Make) -> None:
    place = workspace("regression")
    place.run()
    first = {file.name: file.read_bytes() for file in MODEL.iterdir()}
    place.run()
    assert first == {file.name: file.read_bytes() for file in MODEL.iterdir()}


OWN_STEP = """
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.datasets import load_breast_cancer

class Squared(TransformerMixin, BaseEstimator):
    def fit(self, rows, labels=None): return self
    def transform(self, rows): return rows ** 2

def load(settings):
    frame = load_breast_cancer(as_frame=True).frame
    frame["malignant"] = frame.pop("target") == 0
    return frame.assign(patient=frame.index)

def fit(train, validation, settings):
    model = make_pipeline(Squared(), LogisticRegression(max_iter=50, tol=1e3))
    return model.fit(train[list(settings.features)], train[settings.label])
"""


SAVE = """
import numpy as np

def save(model, path):
    step = model.steps[-1][1]
    np.savez(path / "weights.npz", coef=step.coef_[0], bias=step.intercept_)
"""
PREDICTOR = """
import numpy as np

class Logistic:
    def __init__(self, coef, bias):
        self.coef, self.bias = coef, bias

    def predict(self, columns):
        squares = np.stack([np.asarray(c, "float64") ** 2 for c in columns.values()], axis=1)
        return 1 / (1 + np.exp(-(squares @ self.coef + self.bias)))

def load(path):
    weights = np.load(path / "weights.npz")
    return Logistic(weights["coef"], weights["bias"])
"""


def with_predictor(place: Workspace, code: str = PREDICTOR, save: str = SAVE) -> None:
    place.write_model(OWN_STEP + save)
    home = place.path / "model" / "predictor"
    home.mkdir()
    (home / "__init__.py").write_text(code, encoding="utf-8")


def test_a_model_that_no_converter_knows_leaves_as_code(workspace: Make) -> None:
    """And the service answers its examples."""
    place = workspace("minimal")
    with_predictor(place)
    place.run(export__runtime="python")
    assert {file.name for file in MODEL.iterdir()} == {
        "predictor",
        "contract.json",
        "examples.jsonl",
        "explainer.json",
    }
    model = load_model(MODEL)
    lines = [json.loads(line) for line in (MODEL / "examples.jsonl").read_text().splitlines()]
    score = model.score(Validator(model.contract)([line["instance"] for line in lines]).columns)
    np.testing.assert_allclose(score, [line["prediction"] for line in lines], atol=1e-5)
    first = file_hashes(MODEL)
    place.run()
    assert file_hashes(MODEL) == first
    assert set(tags(MODEL)) == {"model_sha256", "data_sha256", "git_commit"}


@pytest.mark.parametrize(
    ("code", "save", "reason"),
    [
        (PREDICTOR, "", "which needs model/predictor/__init__.py with load"),
        (PREDICTOR, SAVE + "    raise OSError('full')", "model.save failed: OSError: full"),
        ("import nowhere", SAVE, "model/predictor cannot be loaded: ModuleNotFoundError"),
        (PREDICTOR.replace("self.bias)", "self.none)"), SAVE, "cannot score: AttributeError"),
        (PREDICTOR + "\nLogistic.predict = lambda self, columns: 0.5", SAVE, r"answered \[\] for"),
        (PREDICTOR.replace("** 2", "** 3"), SAVE, "the exported model disagrees"),
    ],
)
def test_code_that_does_not_do_what_the_model_does(
    workspace: Make, code: str, save: str, reason: str
) -> None:
    place = workspace("minimal")
    with_predictor(place, code, save)
    with pytest.raises(PipelineError, match=reason):
        place.run(export__runtime="python")
    assert not MODEL.exists(), "nothing half-written"


def test_a_model_that_no_converter_knows(workspace: Make) -> None:
    place = workspace("minimal")
    place.write_model(OWN_STEP)
    with pytest.raises(
        PipelineError, match=r"Squared → LogisticRegression.*docs/model.md"
    ) as error:
        place.run()
    assert "dvc repro" in str(error.value)
    assert not MODEL.exists(), "nothing half-written"


def test_the_behaviours_of_the_docs_go_into_the_folder_and_are_met(workspace: Make) -> None:
    place = workspace()
    docs = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    (declared,) = re.findall(r"```python\n# model/__init__.py\n(def behaviours.*?)```", docs, re.S)
    own = place.path / "model" / "__init__.py"
    own.write_text(f"{own.read_text()}\n\n{declared}", encoding="utf-8")
    place.run()
    contract = read_contract(MODEL)
    lines = (MODEL / "behaviours.jsonl").read_text().splitlines()
    larger, digit, case = (parse(Behaviour, json.loads(line), source="a line") for line in lines)
    high, low, usual, other, only = (
        answer(contract, [dict(row)])[0] for one in (larger, digit, case) for row in one.rows
    )
    assert high - low >= larger.by > 0
    assert abs(usual - other) <= digit.within < 0.1
    assert only <= (case.maximum or 0) < 1
