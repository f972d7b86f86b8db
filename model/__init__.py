"""YOURS: the flights example. Replace `load`, `fit` and, if you like, `behaviours` with your own;
docs/model.md shows how.

Will a flight that leaves New York arrive more than 15 minutes late, be cancelled or diverted?
Asked three hours before its scheduled departure.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from model.data import load
from model.expected import behaviours

__all__ = ["behaviours", "fit", "load"]


def fit(train: pd.DataFrame, validation: pd.DataFrame | None, settings: Any) -> Any:
    """Train on `train`; see `model.fitting`."""
    from model.fitting import fit  # here, so that `load` does not wait for LightGBM

    return fit(train, validation, settings)
