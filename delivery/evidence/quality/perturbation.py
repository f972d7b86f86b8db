"""Rows of a request made a little wrong, the same for every model that is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from delivery.evidence.table import Table, column
from delivery.gates.numbers.bootstrap import Floats
from serving.contract import Contract, Input

SEED = 0
UNSEEN = "never seen before"
NUMBERS = ("float32", "float64", "int64")
Hit = Callable[[Input, Any, float, np.random.Generator], Any]


@dataclass(frozen=True)
class Disturbed:
    """The rows of one kind of disturbance, and the inputs that it touched."""

    table: Table
    inputs: tuple[str, ...]


def common_inputs(contracts: tuple[Contract, ...]) -> tuple[Input, ...]:
    """The inputs of all contracts, each allowing only what every contract that has it allows."""
    inputs: dict[str, Input] = {}
    for spec in (spec for contract in contracts for spec in contract.inputs):
        known = inputs.get(spec.name)
        inputs[spec.name] = spec if known is None else _narrower(known, spec)
    return tuple(inputs.values())


def disturbed(
    table: Table, inputs: tuple[Input, ...], kind: str, strength: float, file: Path
) -> Disturbed:
    """`table` with every input that `kind` concerns hit by it; the same each time."""
    touched = []
    for place, spec in enumerate(inputs):
        if spec.shape or not strength or not _concerns(kind, spec):
            continue
        random = np.random.default_rng([SEED, list(HITS).index(kind), place])
        values = HITS[kind](spec, column(table, spec.name, file), strength, random)
        table = table.set_column(table.column_names.index(spec.name), spec.name, values)
        touched.append(spec.name)
    return Disturbed(table, tuple(touched))


def _narrower(one: Input, other: Input) -> Input:
    ranges = [spec.range for spec in (one, other) if spec.range]
    limits = (max(low for low, _ in ranges), min(high for _, high in ranges)) if ranges else None
    accept = one.unseen == other.unseen == "accept"
    return one.model_copy(
        update={
            "range": limits,
            "nullable": one.nullable and other.nullable,
            "unseen": "accept" if accept else "reject",
        }
    )


def _concerns(kind: str, spec: Input) -> bool:
    if kind == "missing":
        return spec.nullable
    if kind == "unseen":
        return spec.dtype == "string" and spec.unseen == "accept"
    return spec.dtype in NUMBERS


def _noise(spec: Input, values: Table, strength: float, random: np.random.Generator) -> Any:
    numbers = _numbers(values)
    spread = np.nanstd(numbers) if np.isfinite(numbers).any() else 0.0
    noisy = numbers + random.normal(0, 1, len(numbers)) * strength * spread
    if spec.range:
        noisy = np.clip(noisy, *spec.range)
    return pa.array(np.round(noisy) if spec.dtype == "int64" else noisy)


def _outliers(spec: Input, values: Table, strength: float, random: np.random.Generator) -> Any:
    """To the edge of the declared range, or of what the rows hold."""
    numbers = _numbers(values)
    known = numbers[np.isfinite(numbers)]
    low, high = spec.range or ((known.min(), known.max()) if len(known) else (0.0, 0.0))
    edges = np.where(random.random(len(numbers)) < 0.5, low, high)
    return pa.array(np.where(_hit(len(numbers), strength, random), edges, numbers))


def _missing(_: Input, values: Table, strength: float, random: np.random.Generator) -> Any:
    hit = _hit(len(values), strength, random)
    kept = zip(values.to_pylist(), hit, strict=True)
    return pa.array([None if gone else value for value, gone in kept], values.type)


def _unseen(_: Input, values: Table, strength: float, random: np.random.Generator) -> Any:
    hit = _hit(len(values), strength, random)
    kept = zip(values.to_pylist(), hit, strict=True)
    return pa.array([UNSEEN if new else value for value, new in kept], pa.string())


def _hit(rows: int, share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    return random.random(rows) < share


def _numbers(values: Table) -> Floats:
    """A column as float64, missing values as NaN."""
    numbers: Floats = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


HITS: Mapping[str, Hit] = {
    "noise": _noise,
    "missing": _missing,
    "unseen": _unseen,
    "outliers": _outliers,
}
