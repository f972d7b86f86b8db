"""The settings of the replay, chosen on January to April and frozen."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import track

from bench.year.offline.rows import fitting
from delivery.files import write_whole
from delivery.gates.numbers.metrics import losses
from pipeline.settings import Settings

CHOSEN_BY = 4  # the last month that is looked at
GRID = {"n_estimators": (60, 120, 240), "num_leaves": (7, 15), "min_child_samples": (300, 1000)}


def chosen(rows: pd.DataFrame, settings: Settings, file: Path) -> dict[str, Any]:
    """The settings of `fit` in GRID whose loss is least on February, March and April, each scored
    by the months before it. Nothing later is looked at. Kept in `file`."""
    if file.is_file():
        return dict(json.loads(file.read_text(encoding="utf-8")))
    month = rows[str(settings.data.roles.timestamp)].dt.month
    best: tuple[float, dict[str, Any]] | None = None
    for values in track(list(itertools.product(*GRID.values())), description="choosing"):
        own = {**settings.model.fit, **dict(zip(GRID, values, strict=True))}
        fit = fitting(rows, settings, own)
        found = []
        for later in range(2, CHOSEN_BY + 1):
            asked = rows[month == later]
            truth = asked[settings.data.roles.label].to_numpy(np.int64)
            found.append(losses("binary", truth, fit(rows[month < later], asked)).mean())
        loss = float(np.mean(found))
        if best is None or loss < best[0]:
            best = loss, own
    assert best
    write_whole(file, json.dumps(best[1]) + "\n")
    return best[1]
