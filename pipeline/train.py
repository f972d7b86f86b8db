"""Train: call `model.fit`.

    train, validation  →  artifacts/trained/model.pkl [, validated.pkl]

With `train.refit` the model that ships is fitted once more, on train and validation together;
`evaluate` judges the first one, which has not seen validation.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import PipelineError
from pipeline.ingest import own_model
from pipeline.prepare import feature_names
from pipeline.score import classes_of
from pipeline.settings import FitSettings, Settings
from pipeline.stage import TRAINED, read_part, run, whole

SHIPPED = "model.pkl"
VALIDATED = "validated.pkl"  # there only with `train.refit`


def train(settings: Settings) -> str:
    """Write the trained model."""
    rows, validation = read_part("train"), read_part("validation")
    view = FitSettings(
        seed=settings.train.seed,
        label=settings.data.roles.label,
        features=tuple(feature_names(rows, settings.data.roles, None)),
        task=settings.data.task,
        own=settings.model.fit,
    )
    fit = own_model().fit
    model = fit(rows, validation, view)
    classes_of(model, settings.data.task)
    with whole(TRAINED) as folder:
        folder.mkdir()
        if settings.train.refit:
            _dump(model, folder / VALIDATED)
            rows = pd.concat([rows, validation], ignore_index=True)
            model = fit(rows, None, view)
        _dump(model, folder / SHIPPED)
    return f"train: {type(model).__name__} on {len(rows):,} rows, {len(view.features)} features"


def read_trained(*, shipped: bool) -> Any:
    """The model that ships, or the one that has not seen validation.

    Raises:
        PipelineError: it is not there.
    """
    path = TRAINED / VALIDATED
    if shipped or not path.exists():
        path = TRAINED / SHIPPED
    own_model()  # a model may hold classes of model/; says what is missing there
    try:
        return pickle.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise PipelineError(
            f"{path} is not there; the stage train writes it. Run `dvc repro train`."
        ) from error


def _dump(model: Any, path: Path) -> None:
    try:
        path.write_bytes(pickle.dumps(model, protocol=5))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise PipelineError(
            f"what model.fit returned cannot be stored: {error}. Lambdas and local classes are the "
            "usual reason: move them to the top of a module in model/; then run `dvc repro`."
        ) from error


if __name__ == "__main__":
    run(train)
