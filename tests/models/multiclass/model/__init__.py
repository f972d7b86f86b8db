"""Which digit is it? Ten classes, text labels, whole numbers as features, a forest."""

from typing import Any

import pandas as pd
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def load(settings: Any) -> pd.DataFrame:
    frame: pd.DataFrame = load_digits(as_frame=True).frame.astype("int64")
    frame["digit"] = frame.pop("target").map(dict(enumerate(NAMES)))
    frame["image"] = frame.index
    return frame


def fit(
    train: pd.DataFrame, validation: pd.DataFrame | None, settings: Any
) -> RandomForestClassifier:
    model = RandomForestClassifier(random_state=settings.seed, n_jobs=1, **settings.own)
    return model.fit(train[list(settings.features)], train[settings.label])
