"""A made-up prediction log: a model of one number and one category, with labels, by the day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from delivery.monitoring.judges.rows import DAY, Log, Rows
from serving.contract import Contract, Input, Output, Roles

START = 20_000 * DAY  # a Tuesday in 2024, in s since 1970
CONTRACT = Contract(
    name="tiny",
    task="binary",
    inputs=(
        Input(name="heat", dtype="float64", nullable=True),
        Input(name="count", dtype="int64"),
        Input(name="carrier", dtype="string", categories=("AA", "UA")),
        Input(name="sealed", dtype="string", sensitive=True),
    ),
    outputs=(Output(name="score", dtype="float32"),),
    classes=("False", "True"),
    roles=Roles(label="late", row_id="id"),
)
INPUTS = ("heat", "count", "carrier")


def log(days: int, a_day: int = 200, *, seed: int = 1, release: str = "r-1") -> Log:
    """Rows whose scores are right: a label is true as often as its score says."""
    random = np.random.default_rng(seed)
    total = days * a_day
    scores = random.uniform(0.1, 0.9, total)
    inputs = {
        "heat": random.normal(70, 8, total),
        "count": random.integers(0, 50, total).astype(float),
        "carrier": random.choice(np.array(["AA", "UA"], object), total),
    }
    rows = Rows(
        START + np.arange(total) * DAY / a_day,
        np.full(total, release, object),
        scores,
        inputs,
        (random.uniform(size=total) < scores).astype(float),
    )
    return Log(rows, START + days * DAY, CONTRACT)


def changed(
    made: Log,
    since: float,
    *,
    until: float = np.inf,
    inputs: Mapping[str, Any] | None = None,
    **columns: Any,
) -> Log:
    """The log with other values from a day on, until another; callables get the values there."""
    rows = made.rows
    where = (rows.time >= START + since * DAY) & (rows.time < START + until * DAY)

    def put(values: np.ndarray, new: Any) -> np.ndarray:
        copy = values.copy()
        copy[where] = new(values[where]) if callable(new) else new
        return copy

    others = {name: put(getattr(rows, name), new) for name, new in columns.items()}
    mine = {name: put(rows.inputs[name], new) for name, new in (inputs or {}).items()}
    fields = {name: getattr(rows, name) for name in ("time", "release", "scores", "labels")}
    return Log(Rows(**(fields | others), inputs={**rows.inputs, **mine}), made.until, made.contract)


def without(made: Log, since: float, keep: float = 0.0) -> Log:
    """The log without most of its rows from a day on."""
    rows = made.rows
    kept = np.random.default_rng(0).uniform(size=len(rows)) < keep
    return Log(rows.where((rows.time < START + since * DAY) | kept), made.until, made.contract)


def write(folder: Path, made: Log, *, told: bool = True) -> Path:
    """The files of a service that answered these rows one by one."""
    folder.mkdir(parents=True, exist_ok=True)
    lines, truths = [], []
    rows = made.rows
    for number in range(len(rows)):
        time = datetime.fromtimestamp(rows.time[number], UTC).isoformat(timespec="milliseconds")
        features = {name: [_json(values[number])] for name, values in rows.inputs.items()}
        features["count"] = [int(features["count"][0])]
        lines.append(
            {
                "release": rows.release[number], "request_id": f"q-{number}", "time": time,
                "features": features | {"sealed": ["x"]}, "score": [float(rows.scores[number])],
            }
        )  # fmt: skip
        if told and np.isfinite(rows.labels[number]):
            truth = CONTRACT.classes[int(rows.labels[number])]
            truths.append({"request_id": f"q-{number}", "time": time, "truth": truth})
    half = len(lines) // 2
    _lines(folder / "predictions-1.jsonl.1", lines[:half])
    _lines(folder / "predictions-1.jsonl", lines[half:])
    _lines(folder / "feedback.jsonl", truths)
    return folder


def _lines(file: Path, items: Sequence[Mapping[str, Any]]) -> None:
    file.write_text("".join(json.dumps(item) + "\n" for item in items))


def _json(value: Any) -> Any:
    return None if value is None or value != value else value
