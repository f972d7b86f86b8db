"""Train: call `model.fit`.

    train, validation  →  artifacts/trained/model.pkl [, validated.pkl]

With `train.refit` the model that ships is fitted once more, on train and validation together;
`evaluate` judges the first one, which has not seen validation.
"""

from __future__ import annotations

import pandas as pd

from pipeline.data.columns import feature_names
from pipeline.data.io import TRAINED, read_part, run, whole
from pipeline.settings import FitSettings, Settings
from pipeline.trained.artifacts import SHIPPED, VALIDATED, dump
from pipeline.trained.score import classes_of
from pipeline.trained.user_model import user_model


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
    fit = user_model().fit
    model = fit(rows, validation, view)
    classes_of(model, settings.data.task)
    with whole(TRAINED) as folder:
        folder.mkdir()
        if settings.train.refit:
            dump(model, folder / VALIDATED)
            rows = pd.concat([rows, validation], ignore_index=True)
            model = fit(rows, None, view)
        dump(model, folder / SHIPPED)
    return f"train: {type(model).__name__} on {len(rows):,} rows, {len(view.features)} features"


if __name__ == "__main__":
    run(train)
