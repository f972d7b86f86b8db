"""What train, validation and holdout hold: the evidence of the data gate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from delivery.errors import HeldError
from delivery.evidence.holdout import read_labels
from delivery.evidence.table import SPLITS, Table, column, read_split
from delivery.evidence.trial import Trial
from delivery.gates.numbers.bootstrap import Codes, Floats
from delivery.gates.numbers.metrics import Labels, auc
from delivery.gates.quality.data import Evidence, Profile
from serving.contract import Contract, Roles

SAMPLE_ROWS = 20_000  # of training, at most, to find out what one column tells
BINS = 32


def gather(trial: Trial) -> Evidence:
    """The profiles of what the candidate and the champion were made from."""
    before = trial.champion_made
    if trial.champion and before is None:
        return Evidence(None)
    first = before is None
    try:
        return Evidence(profile(*trial.made), profile(*before) if before else None, first=first)
    except HeldError as error:
        return Evidence(None, first=first, missing=str(error))


def profile(folder: Path, contract: Contract) -> Profile:
    """Raises HeldError where a split, or a column with a role, is missing."""
    tables = {split: read_split(folder, split) for split in SPLITS}
    ids = {
        split: pc.cast(column(table, contract.roles.row_id, folder / split), pa.string())
        for split, table in tables.items()
    }
    distinct = {split: pc.count_distinct(values).as_py() for split, values in ids.items()}
    together = pa.chunked_array([chunk for values in ids.values() for chunk in values.chunks])
    labels = {
        split: read_labels(table, contract, folder / f"{split}.parquet")
        for split, table in tables.items()
    }
    return Profile(
        rows={split: len(table) for split, table in tables.items()},
        kinds={field.name: _kind(field.type) for field in tables["train"].schema},
        missing={split: _missing(table) for split, table in tables.items()},
        labels={split: _shares(values, contract) for split, values in labels.items()},
        repeated=sum(len(ids[split]) - distinct[split] for split in SPLITS),
        shared=sum(distinct.values()) - pc.count_distinct(together).as_py(),
        ordered=_ordered(tables, contract.roles),
        tells=_predictive_power(tables["train"], labels["train"], contract),
    )


def _kind(type_: pa.DataType) -> str:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    known = {
        "number": (pa.types.is_integer, pa.types.is_floating),
        "text": (pa.types.is_string, pa.types.is_large_string),
        "truth": (pa.types.is_boolean,),
        "time": (pa.types.is_temporal,),
    }
    return next((kind for kind, is_it in known.items() if any(f(type_) for f in is_it)), "other")


def _missing(table: Table) -> dict[str, float]:
    """A missing text is the empty one: ONNX has no other."""
    return {name: float(_absent(table.column(name)).mean() or 0.0) for name in table.column_names}


def _absent(values: Table) -> Floats:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    missing = pc.is_null(values, nan_is_null=True)
    if _kind(values.type) == "text":
        missing = pc.or_(missing, pc.fill_null(pc.equal(values, ""), True))
    absent: Floats = missing.to_numpy(zero_copy_only=False).astype(np.float64)
    return absent if len(absent) else np.zeros(1)


def _shares(labels: Labels, contract: Contract) -> dict[str, float]:
    if contract.classes is None or not len(labels):
        return {}
    counts = np.bincount(labels, minlength=len(contract.classes))
    return dict(zip(contract.classes, (counts / len(labels)).tolist(), strict=True))


def _ordered(tables: Mapping[str, Table], roles: Roles) -> bool | None:
    """Does the holdout begin after the other rows end?"""
    name = roles.timestamp
    if name is None or not all(name in table.column_names for table in tables.values()):
        return None
    first = pc.min(tables["holdout"].column(name)).as_py()
    lasts = [pc.max(tables[split].column(name)).as_py() for split in ("train", "validation")]
    known = [last for last in lasts if last is not None]
    return first is None or all(last < first for last in known)


def _predictive_power(train: Table, labels: Labels, contract: Contract) -> dict[str, float]:
    """How well each input alone tells the label, judged on rows that it was not learned from."""
    chosen = np.random.default_rng(0).permutation(len(train))[:SAMPLE_ROWS]
    sample, wanted = train.take(chosen), labels[chosen]
    powers = {}
    for spec in contract.inputs:
        if spec.name in train.column_names and not spec.shape:
            codes = _codes(column(sample, spec.name, Path("train.parquet")))
            powers[spec.name] = _power_of(codes, wanted, contract)
    return powers


def _codes(values: Table) -> Codes:
    """A column in few parts: categories, or bins of a number; missing values are one of them."""
    if _kind(values.type) != "number":
        encoded = pc.dictionary_encode(values, null_encoding="encode").combine_chunks()
        codes: Codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return codes
    numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    known = numbers[np.isfinite(numbers)]
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    edges: Floats = np.unique(np.quantile(known, inner)) if len(known) else np.zeros(0)
    codes = np.searchsorted(edges, numbers, side="right").astype(np.int64)
    return np.where(np.isnan(numbers), len(edges) + 1, codes)


def _power_of(codes: Codes, labels: Labels, contract: Contract) -> float:
    """Means per part from one half of the rows, held against the labels of the other half."""
    half = len(codes) // 2
    if contract.task == "regression":
        values = np.asarray(labels, dtype=np.float64)
        spread = float(np.var(values[half:])) if half else 0.0
        errors = np.square(_means(codes[:half], values[:half], codes[half:]) - values[half:])
        return max(0.0, 1 - float(errors.mean()) / spread) if spread else 0.0
    classes = range(1, 2) if contract.task == "binary" else range(len(contract.classes or ()))
    areas = []
    for level in classes:
        hits = (labels == level).astype(np.float64)
        area = auc(hits[half:], _means(codes[:half], hits[:half], codes[half:]))
        areas.append(0.5 if area is None else area)
    return float(np.mean(areas)) if areas else 0.5


def _means(codes: Codes, values: Floats, wanted: Codes) -> Floats:
    """The mean value of the part that each asked row is in, drawn a little to the overall mean."""
    parts = int(max(codes.max(initial=0), wanted.max(initial=0))) + 1
    overall = float(values.mean()) if len(values) else 0.0
    counts = np.bincount(codes, minlength=parts)
    sums = np.bincount(codes, weights=values, minlength=parts)
    means: Floats = (sums + overall) / (counts + 1)
    return means[wanted]
