"""One year of made-up rows, cut into the three splits."""

from __future__ import annotations

import pandas as pd

from tests.serving.tiny import tiny_frame

SPANS = {"train": (-60, 0), "validation": (0, 20), "holdout": (20, 40)}


def frames(first: int = 0) -> dict[str, pd.DataFrame]:
    """One year of rows cut into three periods, `first` days later."""
    year = tiny_frame(4_000, seed=1)
    days = (year["when"] - year["when"].min()).dt.days - 60 - first
    return {
        name: year[(days >= low) & (days < high)].reset_index(drop=True)
        for name, (low, high) in SPANS.items()
    }
