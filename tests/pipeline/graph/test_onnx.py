"""Kinds of models that a fork is likely to bring, with every type of feature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from pipeline.data.columns import feature
from pipeline.export.contract import Seen, infer
from pipeline.export.parity import ParityError
from pipeline.export.stage import converted
from pipeline.settings import Settings
from pipeline.trained.score import score
from serving.contract import Contract

ROWS = 1500
NUMBERS = ["with space", "whole", "flag"]


def data() -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "with space": random.normal(size=ROWS),
            "whole": random.integers(0, 50, ROWS),
            "text": random.choice(["x", "y", "z"], ROWS),
            "flag": random.random(ROWS) < 0.3,
            "unused": random.normal(size=ROWS),
        }
    )
    frame.loc[::9, "with space"] = np.nan
    return pd.DataFrame({name: feature(frame[name]) for name in frame})


FRAME = data()
SIGNAL = (FRAME["with space"].fillna(0) + FRAME["whole"] / 25 + (FRAME["text"] == "x")).to_numpy()
LABELS = {
    "binary": SIGNAL > 1,
    "multiclass": np.digitize(SIGNAL, [1, 2]),
    "regression": SIGNAL * 100,
}


def settings(task: str) -> Settings:
    return Settings.model_validate(
        {
            "data": {"task": task, "roles": {"label": "l", "row_id": "r"}},
            "prepare": {"split": {"kind": "random"}},
            "train": {},
            "evaluate": {},
            "export": {"name": "m"},
            "model": {"load": {}, "fit": {}},
        }
    )


def scaled(last: Any) -> Pipeline:
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["with space", "whole"]),
        (OneHotEncoder(handle_unknown="ignore"), ["text"]),
        ("passthrough", ["flag"]),
    )
    return make_pipeline(columns, last)


def passed(last: Any, encoder: Any) -> Pipeline:
    return make_pipeline(
        make_column_transformer(("passthrough", NUMBERS), (encoder, ["text"])), last
    )


def imputed(last: Any) -> Pipeline:
    columns = make_column_transformer(
        (SimpleImputer(), ["with space", "whole"]), (dense(), ["text"])
    )
    return make_pipeline(columns, last)


def dense() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False)


def ordinal() -> OrdinalEncoder:
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "linear": lambda: scaled(LogisticRegression()),
    "calibrated": lambda: scaled(CalibratedClassifierCV(LogisticRegression())),
    "forest": lambda: imputed(RandomForestClassifier(10, random_state=0)),
    "boosting": lambda: scaled(GradientBoostingClassifier(n_estimators=5)),
    "histogram": lambda: passed(HistGradientBoostingClassifier(max_iter=5), dense()),
    "lightgbm": lambda: passed(LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1), dense()),
    "ordinal": lambda: passed(LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1), ordinal()),
}
NUMERIC: dict[str, Callable[[], Any]] = {
    "bare lightgbm": lambda: LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1),
    "bare histogram": lambda: HistGradientBoostingClassifier(max_iter=5),
    "union": lambda: make_pipeline(
        SimpleImputer(), make_union(StandardScaler(), MinMaxScaler()), LogisticRegression()
    ),
}
REGRESSORS: dict[str, Callable[[], Any]] = {
    "ridge": lambda: scaled(Ridge()),
    "lightgbm": lambda: passed(LGBMRegressor(n_estimators=10, verbose=-1, n_jobs=1), dense()),
    "histogram": lambda: passed(HistGradientBoostingRegressor(max_iter=5), dense()),
}


def agreement(model: Any, rows: pd.DataFrame, task: str) -> tuple[Contract, float]:
    """The contract, and how far the exported model is from the trained one on every row."""
    model.fit(rows, LABELS[task])
    seen = Seen(model, rows, rows.assign(l=0, r=0), score(model, rows, task), None)
    contract = infer(seen, list(rows.columns), settings(task))
    return contract, converted(model, contract, rows, 1e-5).worst


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_with_columns_of_every_type(name: str, task: str) -> None:
    contract, worst = agreement(CLASSIFIERS[name](), FRAME, task)
    assert worst < 1e-6
    assert [spec.dtype for spec in contract.inputs] == [
        *("float32", "int64", "string", "bool", "float32")
    ]


@pytest.mark.parametrize("name", NUMERIC)
def test_models_without_a_column_transformer(name: str) -> None:
    assert agreement(NUMERIC[name](), FRAME[NUMBERS], "multiclass")[1] < 1e-6


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name: str) -> None:
    assert agreement(REGRESSORS[name](), FRAME, "regression")[1] < 1e-6


def test_a_scaler_before_trees_is_named() -> None:
    """It puts values a rounding error away from a threshold: the middle of 33 and 35 is 34."""
    model = make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0))
    with pytest.raises(ParityError, match=r"threshold of a tree.*'whole'.*drop the scaler"):
        agreement(model, FRAME[["whole", "unused"]], "binary")


def test_a_forest_that_learned_from_missing_values_is_named() -> None:
    """skl2onnx leaves out where scikit-learn's forests send missing values."""
    model = passed(RandomForestClassifier(10, random_state=0), dense())
    with pytest.raises(ParityError, match=r"missing value of 'with space'.*SimpleImputer"):
        agreement(model, FRAME, "binary")
