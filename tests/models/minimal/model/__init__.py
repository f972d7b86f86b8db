"""Is a tumour malignant? The smallest model that goes through the whole loop."""

from typing import Any

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def load(settings: Any) -> pd.DataFrame:
    frame: pd.DataFrame = load_breast_cancer(as_frame=True).frame
    frame["malignant"] = frame.pop("target") == 0
    frame["patient"] = frame.index.map("patient-{:03}".format)
    return frame


def fit(train: pd.DataFrame, validation: pd.DataFrame | None, settings: Any) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(**settings.own))
    return model.fit(train[list(settings.features)], train[settings.label])
