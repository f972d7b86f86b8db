"""The year of the flights, scored by a model for each month: what monitoring is simulated on.

The model of month k was fitted on all rows up to the end of month k, with the settings of
params.yaml. These settings were chosen on the same year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from rich.progress import track

from pipeline.data.columns import feature_names
from pipeline.settings import FitSettings, LoadSettings, read_settings
from pipeline.trained.score import score
from pipeline.trained.user_model import user_model

MONTHS = range(3, 12)  # whose end a model was fitted at


@dataclass(frozen=True)
class Year:
    """All rows in the order of time; `scores[k]` those of the model of month k, on every row."""

    rows: pd.DataFrame
    label: str
    when: str
    features: tuple[str, ...]
    scores: dict[int, np.ndarray]

    @property
    def month(self) -> np.ndarray:
        return np.asarray(self.rows[self.when].dt.month)


def year() -> Year:
    """Load the flights of the whole year and fit nine models: about a minute on a quiet core."""
    settings = read_settings()
    roles, model = settings.data.roles, user_model()
    assert roles.timestamp
    rows = model.load(LoadSettings(until="2013-12", own=settings.model.load))
    rows = rows.sort_values(roles.timestamp, kind="stable").reset_index(drop=True)
    features = tuple(feature_names(rows, roles, None))
    month = rows[roles.timestamp].dt.month
    view = FitSettings(
        seed=settings.train.seed, label=roles.label, features=features,
        task=settings.data.task, own=settings.model.fit,
    )  # fmt: skip
    scores = {}
    for last in track(MONTHS, description="fitting"):
        fitted = model.fit(rows[month <= last], None, view)
        scores[last] = score(fitted, rows[list(features)], settings.data.task)
    return Year(rows, roles.label, roles.timestamp, features, scores)
