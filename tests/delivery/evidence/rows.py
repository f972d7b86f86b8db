"""A table of a few rows as a pipeline writes it, and the contract that reads it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from serving.contract import Contract, Input, Output, Roles

FILE = Path("holdout.parquet")
CONTRACT = Contract(
    name="tiny",
    task="binary",
    inputs=(
        Input(name="wind", dtype="float32", nullable=True),
        Input(name="hour", dtype="int64"),
        Input(name="origin", dtype="string"),
    ),
    outputs=(Output(name="score", dtype="float32"),),
    classes=("False", "True"),
    roles=Roles(label="late", row_id="id", timestamp="when"),
)


def rows(count: int) -> pa.Table:
    """Every second `wind` is missing, `hour` counts up as a column of floats."""
    return pa.table(
        {
            "id": [str(i) for i in range(count)],
            "when": pa.array([0] * count, pa.timestamp("us")),
            "wind": pa.array([float("nan") if i % 2 else i for i in range(count)], pa.float64()),
            "hour": pa.array([float(i) for i in range(count)]),
            "origin": pa.array(["JFK"] * count).dictionary_encode(),
            "late": [True] * count,
        }
    )
