"""Ingest: call `model.load` and keep what it returns as it is.

params.yaml data, model.load  →  artifacts/data/raw.parquet
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from pipeline.data.io import RAW, run, write_frame
from pipeline.errors import PipelineError
from pipeline.settings import LoadSettings, Settings
from pipeline.trained.user_model import user_model


def ingest(settings: Settings) -> str:
    """Write raw.parquet."""
    view = LoadSettings(until=settings.data.until, own=settings.model.load)
    try:
        frame = user_model().load(view)
    except FileNotFoundError as error:
        name = error.filename or str(error)
        raise PipelineError(
            f"model.load found no {name}. Name it in data.sources of params.yaml, so that data "
            "under DVC are fetched, or mend the path in model/ or in model.load; then run `dvc "
            "repro`."
        ) from error
    check(frame, settings)
    try:
        write_frame(RAW, frame)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise PipelineError(f"{_mixed(frame, error)}. Then run `dvc repro`.") from error
    return f"ingest: {len(frame):,} rows, {len(frame.columns)} columns"


def check(frame: object, settings: Settings) -> None:
    """Raise PipelineError unless `load` returned a table with the columns that roles name."""
    if not isinstance(frame, pd.DataFrame):
        raise PipelineError(
            f"model.load returned {type(frame).__name__}; a pandas DataFrame was expected. Mend "
            "model/ and run `dvc repro`."
        )
    if frame.empty:
        raise PipelineError(
            f"model.load returned no rows for data.until {settings.data.until!r}. Mend it in "
            "params.yaml and run `dvc repro`."
        )
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or any(not isinstance(name, str) for name in frame.columns):
        raise PipelineError(
            f"model.load returned column names that are not distinct strings: {twice or names}. "
            "Mend model/ and run `dvc repro`."
        )
    roles = settings.data.roles
    split = settings.prepare.split.column
    wanted = [roles.label, roles.row_id, roles.timestamp, roles.cluster, *roles.segments, split]
    absent = sorted({name for name in wanted if name and name not in names})
    if absent:
        raise PipelineError(
            f"params.yaml names columns that model.load does not return: {', '.join(absent)}; it "
            f"returns {', '.join(names)}. Mend data.roles or model/ and run `dvc repro`."
        )


def _mixed(frame: pd.DataFrame, error: Exception) -> str:
    """Which column of several types parquet could not hold."""
    for name in frame.columns:
        kinds = sorted({type(value).__name__ for value in frame[name].dropna()})
        if frame[name].dtype == object and len(kinds) > 1:
            return f"column {name!r} mixes {' and '.join(kinds)}; let model.load return one type"
    return f"model.load returned a table that parquet cannot hold: {error}"


if __name__ == "__main__":
    run(ingest)
