"""Does a shop sell out? Made-up days of 2024 with time, clusters and segments; fast."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["stock", "temperature", "weekday", "holiday"]


def load(settings: Any) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", "2024-12-31").repeat(settings.own["shops"])
    random = np.random.default_rng(7)
    shop = np.tile([f"shop-{n}" for n in range(settings.own["shops"])], 366)
    season = np.sin(days.day_of_year.to_numpy() / 366 * 2 * np.pi)
    frame = pd.DataFrame(
        {
            "sale": days.strftime("%Y-%m-%d") + "-" + shop,
            "opened": days + pd.Timedelta(hours=9),
            "day": days.strftime("%Y-%m-%d"),
            "shop": shop,
            "stock": random.integers(10, 100, len(days)),
            "temperature": (15 - 10 * season + random.normal(0, 3, len(days))).round(1),
            "weekday": days.day_of_week,
            "holiday": random.random(len(days)) < 0.05,
        }
    )
    pull = 0.2 * (frame["temperature"] - 15) - 0.06 * (frame["stock"] - 50) + frame["holiday"]
    chance = 1 / (1 + np.exp(-pull))
    frame["sold_out"] = np.where(random.random(len(days)) < chance, "yes", "no")
    arrived: pd.DataFrame = frame[frame["opened"].dt.strftime("%Y-%m") <= settings.until]
    return arrived


def fit(train: pd.DataFrame, validation: pd.DataFrame | None, settings: Any) -> Pipeline:
    columns = make_column_transformer(
        (StandardScaler(), NUMBERS), (OneHotEncoder(handle_unknown="ignore"), ["shop"])
    )
    model = make_pipeline(columns, LogisticRegression(random_state=settings.seed, **settings.own))
    return model.fit(train[list(settings.features)], train[settings.label])
