"""How far the training data has moved since the champion's: reported, never judged, for moving is
what a retrain answers.

The population stability index over the champion's tenths or categories: above 0.2 is much
(Siddiqi, *Credit Risk Scorecards*, 2006).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from delivery.errors import HeldError
from delivery.evidence.table import Table, column, read_split
from delivery.gates.numbers.bootstrap import Floats
from serving.contract import Contract

TENTHS = 10
HALF = 0.5  # added to every count: a bin that one side lacks is not infinitely far


def drift(own: tuple[Path, Contract], base: tuple[Path, Contract]) -> dict[str, Any]:
    """`inputs`: each input of both contracts with its index, the largest first; `rows` of both
    training sets. `missing` instead, where one cannot be read."""
    try:
        now, before = (read_split(folder, "train") for folder, _ in (own, base))
        known = {spec.name for spec in base[1].inputs}
        moved = {
            spec.name: _psi(_plain(now, spec.name), _plain(before, spec.name))
            for spec in own[1].inputs
            if spec.name in known and not spec.shape and spec.dtype != "bytes"
        }
    except HeldError as error:
        return {"missing": str(error)}
    largest_first = sorted(moved.items(), key=lambda item: -item[1])
    inputs = [{"input": name, "psi": psi} for name, psi in largest_first]
    return {"rows": {"candidate": len(now), "champion": len(before)}, "inputs": inputs}


def _plain(table: Table, name: str) -> Table:
    return column(table, name, Path("train.parquet"))


def _psi(now: Table, before: Table) -> float:
    kinds = (now.type, before.type)
    numeric = all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds)
    counts = _tenths(now, before) if numeric else _categories(now, before)
    shares = [(count + HALF) / (count.sum() + HALF * len(count)) for count in counts]
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())


def _tenths(now: Table, before: Table) -> tuple[Floats, Floats]:
    """Counts in the tenths of `before`; missing values are a bin of their own."""
    numbers = [values.cast(pa.float64()).to_numpy(zero_copy_only=False) for values in (now, before)]
    known = numbers[1][np.isfinite(numbers[1])]
    inner = np.linspace(0, 1, TENTHS + 1)[1:-1]
    edges = np.unique(np.quantile(known, inner)) if len(known) else np.zeros(0)
    counts = []
    for values in numbers:
        bins = np.searchsorted(edges, values, side="right")
        bins = np.where(np.isnan(values), len(edges) + 1, bins)
        counts.append(np.bincount(bins, minlength=len(edges) + 2).astype(np.float64))
    return counts[0], counts[1]


def _categories(now: Table, before: Table) -> tuple[Floats, Floats]:
    tables = []
    for values in (now, before):
        counted = pc.value_counts(values.cast(pa.string()))
        tables.append({count["values"]: count["counts"] for count in counted.to_pylist()})
    names = sorted(tables[0].keys() | tables[1].keys(), key=str)
    first, second = (np.array([table.get(name, 0) for name in names], float) for table in tables)
    return first, second
