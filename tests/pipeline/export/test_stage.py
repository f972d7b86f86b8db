"""The exported folder, with real fixture models: what `serving` and `delivery` rely on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest

from pipeline.data.io import MODEL
from pipeline.errors import PipelineError
from serving.contract import Behaviour, Contract, read_contract
from serving.strict import parse
from tests.checkout import ROOT
from tests.pipeline.conftest import Workspace
from tests.pipeline.export.own_step import OWN_STEP

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


def test_two_runs_give_the_same_bytes(workspace: Make) -> None:
    place = workspace("regression")
    place.run()
    first = {file.name: file.read_bytes() for file in MODEL.iterdir()}
    place.run()
    assert first == {file.name: file.read_bytes() for file in MODEL.iterdir()}


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
