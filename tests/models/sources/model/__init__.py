"""Tumours again, from four sources: a package, a table in git, a table under DVC, a database."""

import sqlite3
from importlib.resources import files
from typing import Any

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def load(settings: Any) -> pd.DataFrame:
    with sqlite3.connect(settings.own["database"]) as database:
        labels = pd.read_sql("SELECT patient, malignant FROM diagnoses", database)
    package = str(files("sklearn.datasets.data") / "breast_cancer.csv")
    measured = pd.read_csv(package, skiprows=1, header=None)
    return pd.concat(
        [
            measured.iloc[:, :10].add_prefix("measure "),
            pd.read_csv("data/errors.csv"),
            pd.read_csv("data/worst.csv"),
            labels.astype({"malignant": bool}),
        ],
        axis="columns",
    )


def fit(train: pd.DataFrame, validation: pd.DataFrame | None, settings: Any) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(**settings.own))
    return model.fit(train[list(settings.features)], train[settings.label])
