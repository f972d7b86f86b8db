"""Infer the contract from the data that training saw and from the model itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pipeline.data.columns import dtype_of, is_missing
from pipeline.settings import Column, Settings
from pipeline.trained.score import classes_of, score
from serving.contract import SCORE, Contract, Histogram, Input, Output

BINS = 20
MOST_CATEGORIES = 1000  # text with more values is free text and has no list
MOST_LABELS = 100  # how many of them a histogram counts
UNSEEN = "never seen in training"
PROBE_ROWS = 20


@dataclass(frozen=True)
class Seen:
    """What the shipped model was fitted on, and validation's scores as the reference output."""

    model: Any
    rows: pd.DataFrame
    validation: pd.DataFrame
    scores: np.ndarray
    threshold: float | None


def infer(seen: Seen, features: list[str], settings: Settings) -> Contract:
    """The contract of `seen.model`, whose inputs are `features` in this order."""
    task, roles = settings.data.task, settings.data.roles
    columns = settings.prepare.columns
    probe = seen.rows[features].head(PROBE_ROWS)
    inputs = []
    for name in features:
        unseen = probe_unseen(seen.model, probe, name, settings)
        inputs.append(_input(seen.rows[name], columns.get(name, Column()), unseen))
    classes = classes_of(seen.model, task)
    shape = (len(classes or ()),) if task == "multiclass" else ()
    newest = seen.validation[roles.timestamp].max() if roles.timestamp else None
    return Contract(
        name=settings.export.name,
        runtime=settings.export.runtime,
        task=task,
        inputs=tuple(inputs),
        outputs=(
            Output(
                name=SCORE,
                dtype="float32",
                shape=shape,
                description=_meaning(task, classes),
                histogram=None if shape else _numbers(pd.Series(seen.scores)),
            ),
        ),
        classes=classes,
        threshold=seen.threshold,
        roles=roles,
        trained_until=None if newest is None else newest.date().isoformat(),
    )


def probe_unseen(
    model: Any, probe: pd.DataFrame, name: str, settings: Settings
) -> Literal["accept", "reject"]:
    """Whether the model copes with a category that it never saw: it is asked."""
    if dtype_of(probe[name]) != "string":
        return "accept"
    try:
        scores = score(model, probe.assign(**{name: UNSEEN}), settings.data.task)
    except (ValueError, KeyError):  # what scikit-learn's encoders raise
        return "reject"
    return "accept" if np.isfinite(scores).all() else "reject"


def histogram(column: pd.Series) -> Histogram:
    """How a conformed feature is distributed."""
    if dtype_of(column) == "bool":
        counts = (int((~column).sum()), int(column.sum()))
        return Histogram(labels=("false", "true"), counts=counts)
    if dtype_of(column) == "string":
        missing = int(is_missing(column).sum())
        often = column[~is_missing(column)].value_counts().head(MOST_LABELS).sort_index()
        labels = tuple(str(label) for label in often.index)
        return Histogram(labels=labels, counts=tuple(map(int, often)), missing=missing)
    return _numbers(column)


def _numbers(column: pd.Series) -> Histogram:
    """Up to 20 bins of about equal count between the smallest and the largest value."""
    present = column.dropna().to_numpy(dtype="float64")
    if not len(present):
        return Histogram(edges=(0.0, 1.0), counts=(0,), missing=len(column))
    edges = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)))
    if len(edges) == 1:
        edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    counts, _ = np.histogram(present, edges)
    return Histogram(
        edges=tuple(map(float, edges)),
        counts=tuple(map(int, counts)),
        missing=int(column.isna().sum()),
    )


def _input(column: pd.Series, declared: Column, unseen: Literal["accept", "reject"]) -> Input:
    dtype = dtype_of(column)
    missing = bool(is_missing(column).any())
    # No ONNX graph can be given a missing whole number or boolean.
    possible = dtype in ("float32", "string")
    nullable = missing if declared.nullable is None else declared.nullable
    return Input(
        name=str(column.name),
        dtype=dtype,
        nullable=nullable and possible,
        unit=declared.unit,
        sensitive=declared.sensitive,
        known_before=declared.known_before,
        description=declared.description,
        range=declared.range,
        categories=_categories(column) if dtype == "string" else None,
        unseen=unseen,
        histogram=histogram(column),
    )


def _categories(column: pd.Series) -> tuple[str, ...] | None:
    values = sorted(set(column) - {""})
    return tuple(values) if len(values) <= MOST_CATEGORIES else None


def _meaning(task: str, classes: tuple[str, ...] | None) -> str:
    if task == "regression":
        return "the expected value of the label"
    names = classes or ()
    return f"P({names[1]})" if task == "binary" else f"P of each class: {', '.join(names)}"
