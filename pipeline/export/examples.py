"""Requests with the trained model's answers: every later step repeats them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from pipeline.export.contract import UNSEEN
from serving.contract import Contract, Input


def choose(rows: pd.DataFrame, contract: Contract, count: int) -> pd.DataFrame:
    """`count` rows spread over `rows`, and rows for what data seldom shows.

    For each nullable input one row where it is missing, and for each text input that accepts
    unseen categories one row with such a category.
    """
    spread = rows.iloc[_spread(len(rows), count)]
    special = []
    for spec in contract.inputs:
        if spec.nullable:
            special.append(spread.head(1).assign(**{spec.name: _missing(spec)}))
        if spec.dtype == "string" and spec.unseen == "accept":
            special.append(spread.head(1).assign(**{spec.name: UNSEEN}))
    joined = pd.concat([spread, *special], ignore_index=True)
    return joined.astype(rows.dtypes.to_dict())


def render(rows: pd.DataFrame, scores: np.ndarray, contract: Contract) -> str:
    """examples.jsonl: one request row and the trained model's answer per line."""
    lines = []
    for record, score in zip(rows.to_dict("records"), scores.tolist(), strict=True):
        instance = {i.name: _json(record[i.name], i) for i in contract.inputs}
        example = {"instance": instance, "prediction": score}
        lines.append(json.dumps(example, ensure_ascii=False, allow_nan=False))
    return "\n".join(lines) + "\n"


def _spread(total: int, count: int) -> list[int]:
    return sorted({int(at) for at in np.linspace(0, total - 1, min(count, total))})


def _missing(spec: Input) -> Any:
    return "" if spec.dtype == "string" else np.float32("nan")


def _json(value: Any, spec: Input) -> Any:
    if spec.dtype == "string":
        return None if value == "" and spec.nullable else str(value)
    if spec.dtype == "bool":
        return bool(value)
    if spec.dtype == "int64":
        return int(value)
    if np.isnan(value):
        return None
    return float(str(np.float32(value)))  # the shortest text that is this float32
