"""Does the exported model answer what the trained one answers, and if not, why not?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.data.columns import dtype_of, is_missing
from pipeline.errors import PipelineError

EXACT = 2**24  # float32 holds every whole number up to here
ULPS = 8  # how many float32 steps a converter's arithmetic may be off

Scorer = Callable[[pd.DataFrame], np.ndarray]


class ParityError(PipelineError):
    """The exported model answers something else than the trained one."""


@dataclass(frozen=True)
class Pair:
    """The same model twice: rows of features → scores."""

    trained: Scorer
    exported: Scorer


def check(pair: Pair, rows: pd.DataFrame, tolerance: float) -> float:
    """The largest difference over `rows`, as a share of the largest answer if that is above 1.

    Raises:
        ParityError: it is above `tolerance`; names the row, both values and the likely step.
    """
    trained, exported = pair.trained(rows), pair.exported(rows).astype("float64")
    difference = apart(trained, exported, scale(trained))
    worst = int(np.argmax(difference))
    if difference[worst] <= tolerance:
        return float(difference[worst])
    wrong = int((~(difference <= tolerance)).sum())
    raise ParityError(
        f"the exported model disagrees with the trained one on {wrong:,} of {len(rows):,} rows. "
        f"Worst is row {rows.index[worst]}: trained {_text(trained[worst])}, exported "
        f"{_text(exported[worst])}, {difference[worst]:.2g} apart where export.tolerance in "
        f"params.yaml allows {tolerance:g}. Likely: {likely(pair, rows.iloc[[worst]], tolerance)}. "
        "Mend model.fit and run `dvc repro`."
    )


def scale(trained: np.ndarray) -> float:
    """What a difference is measured against: float32 rounds sums of that size."""
    return max(1.0, float(np.abs(trained).max()))


def apart(trained: np.ndarray, exported: np.ndarray, unit: float) -> np.ndarray:
    """The difference per row in `unit`; infinite where one is not a number."""
    difference = np.abs(trained - exported) / unit
    difference = np.where(np.isfinite(difference), difference, np.inf)
    worst: np.ndarray = difference.reshape(len(difference), -1).max(axis=1)
    return worst


def likely(pair: Pair, row: pd.DataFrame, tolerance: float) -> str:
    """The likely cause, found by changing one feature of the row at a time."""
    for name in row.columns:
        if dtype_of(row[name]) == "int64" and abs(int(row[name].iloc[0])) > EXACT:
            return f"{name!r} holds whole numbers beyond 2^24, which float32 rounds; scale it"
    for name in row.columns:
        missing = bool(is_missing(row[name]).iloc[0])
        if missing and _agrees(pair, _filled(row, name), tolerance):
            return (
                f"the missing value of {name!r}, which a converter treats differently; put a "
                "SimpleImputer in front"
            )
    for name in row.columns:
        if dtype_of(row[name]) in ("float32", "int64") and _jumps(pair, row, name, tolerance):
            return (
                f"float32 rounding at a threshold of a tree: the smallest change of {name!r} "
                "changes the trained model's answer; trees need no scaling, so drop the scaler, "
                "or round the column in model.load"
            )
    return "a step of the model whose converter computes something else"


def _jumps(pair: Pair, row: pd.DataFrame, name: str, tolerance: float) -> bool:
    here = pair.trained(row)
    value = row[name].to_numpy(dtype="float32")
    for towards in (-1, 1):
        step = np.spacing(np.abs(value)) * np.float32(ULPS) * np.float32(towards)
        near = row.assign(**{name: value + step})
        if apart(here, pair.trained(near), scale(here))[0] > tolerance:
            return True
    return False


def _filled(row: pd.DataFrame, name: str) -> pd.DataFrame:
    value = "x" if dtype_of(row[name]) == "string" else np.float32(0)
    return row.assign(**{name: value})


def _agrees(pair: Pair, row: pd.DataFrame, tolerance: float) -> bool:
    trained, exported = pair.trained(row), pair.exported(row).astype("float64")
    return bool(apart(trained, exported, scale(trained))[0] <= tolerance)


def _text(value: np.ndarray) -> str:
    return np.array2string(np.asarray(value), precision=8, threshold=6)
