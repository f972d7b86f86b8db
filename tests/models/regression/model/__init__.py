"""How far does diabetes progress? A regression with missing values and a text column."""

from typing import Any

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

TEXT = ["sex"]


def load(settings: Any) -> pd.DataFrame:
    frame: pd.DataFrame = load_diabetes(as_frame=True, scaled=False).frame
    frame["sex"] = frame["sex"].map({1.0: "one", 2.0: "two"})
    frame.loc[::17, "sex"] = None
    frame.loc[::13, "bmi"] = None
    frame["blood pressure"] = frame.pop("bp")
    frame["patient"] = frame.index.astype(str)
    frame["clinic"] = "c" + (frame.index % 40).astype(str)
    return frame.rename(columns={"target": "progression"})


def fit(train: pd.DataFrame, validation: pd.DataFrame | None, settings: Any) -> Pipeline:
    numbers = [name for name in settings.features if name not in TEXT]
    columns = make_column_transformer(
        (SimpleImputer(strategy="median"), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), TEXT),
    )
    trees = GradientBoostingRegressor(random_state=settings.seed, **settings.own)

    return make_pipeline(columns, trees).fit(train[list(settings.features)], train[settings.label])
