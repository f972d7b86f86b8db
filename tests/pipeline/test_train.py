from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.data.io import TRAINED, read_part
from pipeline.errors import PipelineError
from pipeline.settings import FitSettings
from pipeline.trained.artifacts import read_trained
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]
LOAD = "from sklearn.datasets import load_breast_cancer\n\n\ndef load(settings): ...\n"


def test_two_runs_give_the_same_bytes(workspace: Make) -> None:
    place = workspace("temporal")
    place.run("train")
    first = {file.name: file.read_bytes() for file in TRAINED.iterdir()}
    place.run("train")
    assert first == {file.name: file.read_bytes() for file in TRAINED.iterdir()}


def test_refit_sees_validation_and_what_evaluate_judges_does_not(workspace: Make) -> None:
    place = workspace("minimal")
    place.run("prepare")
    place.write_model(
        LOAD + "class Model:\n"
        "    def __init__(self, rows): self.rows, self.classes_ = rows, [False, True]\n"
        "    def predict_proba(self, rows): ...\n"
        "def fit(train, validation, settings): return Model((len(train), validation is None))\n"
    )
    from pipeline.train import train

    train(place.settings(train={"refit": True}))
    rows, validation = len(read_part("train")), len(read_part("validation"))
    assert read_trained(shipped=False).rows == (rows, False)
    assert read_trained(shipped=True).rows == (rows + validation, True)
    train(place.settings(train={"refit": False}))
    assert read_trained(shipped=True).rows == read_trained(shipped=False).rows == (rows, False)


def test_fit_is_told_seed_label_features_task_and_its_own_settings(workspace: Make) -> None:
    place = workspace("minimal")
    place.run("prepare")
    place.write_model(LOAD + "def fit(train, validation, settings): raise RuntimeError(settings)\n")
    from pipeline.train import train

    with pytest.raises(RuntimeError) as told:
        train(place.settings())
    settings = told.value.args[0]
    assert isinstance(settings, FitSettings)
    assert (settings.seed, settings.label, settings.task) == (1, "malignant", "binary")
    assert len(settings.features) == 30
    assert settings.own == {"C": 1.0, "max_iter": 1000}


@pytest.mark.parametrize(
    ("fit", "found"),
    [
        ("return None", "NoneType without `predict_proba`"),
        ("return lambda: 1", "without `predict_proba`"),
        ("m = type('M', (), {'predict_proba': 1, 'classes_': [1, 2, 3]}); return m()", "3 classes"),
        (
            "m = type('M', (), {'predict_proba': 1, 'classes_': [1, 2]}); return m()",
            "cannot be stored",
        ),
    ],
)
def test_what_fit_returns_is_checked(workspace: Make, fit: str, found: str) -> None:
    place = workspace("minimal")
    place.run("prepare")
    place.write_model(LOAD + f"def fit(train, validation, settings): {fit}\n")
    from pipeline.train import train

    with pytest.raises(PipelineError, match=found) as error:
        train(place.settings())
    assert "dvc repro" in str(error.value)
    assert not TRAINED.exists(), "nothing half-written"


def test_missing_data_names_the_stage_that_writes_it(workspace: Make) -> None:
    from pipeline.train import train

    place = workspace("minimal")
    with pytest.raises(PipelineError, match="dvc repro prepare"):
        train(place.settings())
