"""LightGBM over the timetable and the weather."""

from __future__ import annotations

from typing import Any

import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.compose import make_column_transformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

CATEGORIES = ["carrier", "origin", "destination"]


def fit(train: pd.DataFrame, validation: pd.DataFrame | None, settings: Any) -> Pipeline:
    """Fit on `train`; `validation` is not used.

    A carrier or an airport that training never saw counts as none.
    """
    numbers = [name for name in settings.features if name not in CATEGORIES]
    columns = make_column_transformer(
        ("passthrough", numbers),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), CATEGORIES),
    )
    columns.set_output(transform="default")
    trees = LGBMClassifier(
        **settings.own,
        random_state=settings.seed,
        # The same bytes from every run on one machine, whatever else it is doing.
        deterministic=True,
        force_row_wise=True,
        n_jobs=1,
        verbose=-1,
    )
    model = make_pipeline(columns, trees)
    return model.fit(train[list(settings.features)], train[settings.label])
