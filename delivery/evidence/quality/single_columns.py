"""What one column alone says of the label: means of its parts, from some rows held against others.

A column is cut into categories, or into bins of equal size; missing values are a part of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from delivery.evidence.table import Table
from delivery.gates.numbers.bootstrap import Codes, Floats
from delivery.gates.numbers.metrics import Labels, auc
from serving.contract import Contract

BINS = 32


@dataclass(frozen=True)
class Rows:
    """Rows of some columns with their labels: class numbers, or floats."""

    table: Table
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def sample(self, most: int) -> Rows:
        """At most so many of them, in a random order that is the same each time."""
        chosen = np.random.default_rng(0).permutation(len(self))[:most]
        return Rows(self.table.take(chosen), self.labels[chosen])

    def part(self, begin: int, end: int) -> Rows:
        return Rows(self.table.slice(begin, end - begin), self.labels[begin:end])


def powers(known: Rows, asked: Rows, contract: Contract) -> Mapping[str, float]:
    """How well each input alone, learned from the rows `known`, tells the labels of `asked`: AUC
    (averaged over several classes, 0.5 tells nothing), R² for numbers, 0 at least."""
    scalars = [spec.name for spec in contract.inputs if not spec.shape]
    names = [name for name in scalars if name in known.table.column_names]
    by_input = {}
    for name in names:
        codes = _codes(known.table.column(name), asked.table.column(name))
        by_input[name] = _power(*codes, known.labels, asked.labels, contract)
    return by_input


def power_of(scores: Floats, labels: Labels, contract: Contract) -> float:
    """The same measure of a model's scores."""
    if contract.task == "regression":
        spread = float(np.var(labels)) if len(labels) else 0.0
        return max(0.0, 1 - float(np.square(scores - labels).mean()) / spread) if spread else 0.0
    if contract.task == "binary":
        return _area(labels == 1, scores)
    levels = range(scores.shape[1])
    return float(np.mean([_area(labels == level, scores[:, level]) for level in levels]))


def skill(power: float, contract: Contract) -> float:
    """0 where nothing is told and 1 where everything is: R², or 2·AUC − 1."""
    return power if contract.task == "regression" else 2 * power - 1


def _area(hits: Labels, scores: Floats) -> float:
    area = auc(hits.astype(np.int64), scores)
    return 0.5 if area is None else area


def _codes(known: Table, asked: Table) -> tuple[Codes, Codes]:
    """Both columns in the parts of the first."""
    values, half = pa.chunked_array([*_plain(known).chunks, *_plain(asked).chunks]), len(known)
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        encoded = pc.dictionary_encode(values, null_encoding="encode").combine_chunks()
        codes: Codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return codes[:half], codes[half:]
    numbers = values.cast(pa.float64()).to_numpy()
    finite = numbers[:half][np.isfinite(numbers[:half])]
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    edges: Floats = np.unique(np.quantile(finite, inner)) if len(finite) else np.zeros(0)
    codes = np.searchsorted(edges, numbers, side="right").astype(np.int64)
    codes = np.where(np.isnan(numbers), len(edges) + 1, codes)
    return codes[:half], codes[half:]


def _plain(values: Table) -> Table:
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    return values


def _power(known: Codes, asked: Codes, labels: Labels, wanted: Labels, contract: Contract) -> float:
    if contract.task == "regression":
        return power_of(_means(known, labels.astype(np.float64), asked), wanted, contract)
    levels = range(1, 2) if contract.task == "binary" else range(len(contract.classes or ()))
    areas = []
    for level in levels:
        hits = (labels == level).astype(np.float64)
        areas.append(_area(wanted == level, _means(known, hits, asked)))
    return float(np.mean(areas)) if areas else 0.5


def _means(codes: Codes, values: Floats, wanted: Codes) -> Floats:
    """The mean value of the part that each asked row is in, drawn a little to the overall mean."""
    parts = int(max(codes.max(initial=0), wanted.max(initial=0))) + 1
    overall = float(values.mean()) if len(values) else 0.0
    counts = np.bincount(codes, minlength=parts)
    sums = np.bincount(codes, weights=values, minlength=parts)
    means: Floats = (sums + overall) / (counts + 1)
    return means[wanted]
