"""A model that leaves as Python code, and code that does not do what the model does."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.data.io import MODEL
from pipeline.errors import PipelineError
from pipeline.export.tracking import tags
from serving.predict.loaded_model import file_hashes, load_model
from serving.rows.validate import Validator
from tests.pipeline.conftest import Workspace
from tests.pipeline.export.own_step import OWN_STEP

Make = Callable[..., Workspace]
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
