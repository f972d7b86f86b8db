"""Divide rows into train, validation and holdout. See `settings.Split` for the kinds."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from pipeline.data.io import PARTS
from pipeline.errors import PipelineError
from pipeline.settings import Split
from serving.contract import Roles

LETTERS = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}


def split(frame: pd.DataFrame, roles: Roles, rule: Split) -> dict[str, pd.DataFrame]:
    """The parts by name, each in the order of `frame`. A gap's rows are in none of them.

    Raises:
        PipelineError: a part is empty, or the data does not allow the rule.
    """
    if rule.kind == "temporal":
        part = _temporal(frame[str(roles.timestamp)], rule)
    elif rule.kind == "file":
        part = _named(frame[str(rule.column)])
    else:
        key = roles.row_id if rule.kind == "random" else str(roles.cluster)
        part = _hashed(frame[key].astype(str), rule)
    parts = {name: frame[part == name].reset_index(drop=True) for name in PARTS}
    for name, rows in parts.items():
        if rows.empty:
            raise PipelineError(
                f"the {rule.kind} split leaves no rows for {name} out of {len(frame):,}. Bring "
                "more data or change prepare.split in params.yaml; then run `dvc repro`."
            )
    return parts


def _temporal(when: pd.Series, rule: Split) -> pd.Series:
    period = when.dt.to_period(LETTERS[rule.period])
    periods = sorted(period.unique())
    if len(periods) < 3:
        raise PipelineError(
            f"a temporal split needs three periods and the data has {len(periods)} of a "
            f"{rule.period} ({', '.join(map(str, periods))}). Bring more data (data.until) or set "
            "a shorter prepare.split.period in params.yaml; then run `dvc repro`."
        )
    validation, holdout = periods[-2].start_time, periods[-1].start_time
    gap = pd.Timedelta(rule.gap or 0)
    part = pd.Series("", index=when.index)
    part[when < validation - gap] = "train"
    part[(when >= validation) & (when < holdout - gap)] = "validation"
    part[when >= holdout] = "holdout"
    return part


def _named(column: pd.Series) -> pd.Series:
    unknown = sorted(set(column.astype(str)) - set(PARTS))
    if unknown:
        raise PipelineError(
            f"column {column.name!r} decides the split and holds {', '.join(unknown[:5])}; "
            f"expected {', '.join(PARTS)}. Mend model/ and run `dvc repro`."
        )
    return column.astype(str)


def _hashed(key: pd.Series, rule: Split) -> pd.Series:
    values = pd.unique(key)
    place = pd.Series([_unit(f"{rule.seed}:{value}") for value in values], index=values)
    at = key.map(place).to_numpy()
    train = 1 - rule.holdout - rule.validation
    names = np.select([at < train, at < 1 - rule.holdout], PARTS[:2], default=PARTS[2])
    return pd.Series(names, index=key.index)


def _unit(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
