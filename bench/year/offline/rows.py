"""The year of the flights, scored by a model for each month: what monitoring is simulated on, and
what the replay of the year is compared with.

The model of month k was fitted on all rows up to the end of month k.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import track

from pipeline.data.columns import feature_names
from pipeline.settings import FitSettings, LoadSettings, Settings, read_settings
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
    segments: tuple[str, ...] = ()

    @property
    def month(self) -> np.ndarray:
        return np.asarray(self.rows[self.when].dt.month)


def year(own: Mapping[str, Any] | None = None, months: range = MONTHS) -> Year:
    """Load the flights of the whole year and fit the models: about a minute on a quiet core.

    `own` are settings of `fit`; without them those of params.yaml, which were chosen on this year.
    """
    settings = read_settings()
    rows, roles = flights(settings), settings.data.roles
    assert roles.timestamp
    month = rows[roles.timestamp].dt.month
    fit = fitting(rows, settings, own)
    scores = {last: fit(rows[month <= last], rows) for last in track(months, description="fitting")}
    features = tuple(feature_names(rows, roles, None))
    return Year(rows, roles.label, roles.timestamp, features, scores, roles.segments)


def flights(settings: Settings) -> pd.DataFrame:
    """All rows of 2013, in the order of time."""
    rows: pd.DataFrame = user_model().load(LoadSettings(until="2013-12", own=settings.model.load))
    when = str(settings.data.roles.timestamp)
    return rows.sort_values(when, kind="stable", ignore_index=True)


def fitting(rows: pd.DataFrame, settings: Settings, own: Mapping[str, Any] | None) -> Any:
    """A function from training rows and rows to their scores."""
    roles, model = settings.data.roles, user_model()
    features = tuple(feature_names(rows, roles, None))
    view = FitSettings(
        seed=settings.train.seed, label=roles.label, features=features, task=settings.data.task,
        own=dict(settings.model.fit if own is None else own),
    )  # fmt: skip

    def fit(train: pd.DataFrame, asked: pd.DataFrame) -> np.ndarray:
        fitted = model.fit(train, None, view)
        return score(fitted, asked[list(features)], settings.data.task)

    return fit
