"""Labels: call `model.labels`, if there is one, and write what it returns as lines of feedback.

    python -m pipeline.labels SINCE FILE

No stage: `delivery monitor` calls it. Where `model/` has no such function it writes no file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.data.columns import as_label
from pipeline.data.io import run
from pipeline.errors import PipelineError
from pipeline.settings import LoadSettings, Settings
from pipeline.trained.user_model import user_model

ID, TIME = "request_id", "time"
AGAIN = "Mend model/ and run `delivery monitor` again"


def labels(settings: Settings, *, since: datetime, file: Path) -> str:
    """Write the labels that became known for requests from `since` on into `file`."""
    tell = getattr(user_model(), "labels", None)
    if tell is None:
        return "labels: model/ tells none"
    frame = tell(LoadSettings(until=settings.data.until, own=settings.model.load), since)
    label = settings.data.roles.label
    _check(frame, label)
    number = settings.data.task == "regression"
    lines = list(_lines(frame, label, number=number))
    file.write_bytes(b"".join(lines))
    return f"labels: of {len(lines):,} requests"


def _check(frame: object, label: str) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise PipelineError(
            f"model.labels returned {type(frame).__name__}; a pandas DataFrame was expected. "
            f"{AGAIN}."
        )
    if absent := sorted({ID, TIME, label} - set(frame.columns)):
        raise PipelineError(
            f"model.labels returned no column {absent[0]!r}; {ID}, {TIME} and {label} are needed. "
            f"{AGAIN}."
        )
    if not isinstance(frame[TIME].dtype, pd.DatetimeTZDtype):
        raise PipelineError(
            f"model.labels returned {TIME} as {frame[TIME].dtype}; a time with its zone was "
            f"expected, such as pd.to_datetime(…, utc=True). {AGAIN}."
        )


def _lines(frame: pd.DataFrame, label: str, *, number: bool) -> Iterator[bytes]:
    """A line for each request; rows of one request are a list, in their order. Rows without an id,
    a time or a label are not known yet."""
    known = frame.dropna(subset=[ID, TIME, label])
    known = known.assign(**{label: as_label(known[label], classes=not number)})
    for identity, rows in known.groupby(ID, sort=False):
        values: list[Any] = [float(each) if number else str(each) for each in rows[label]]
        line = {
            ID: str(identity),
            TIME: rows[TIME].max().isoformat(),
            "truth": values[0] if len(values) == 1 else values,
        }
        yield json.dumps(line).encode() + b"\n"


if __name__ == "__main__":
    since, file = datetime.fromisoformat(sys.argv[1]), Path(sys.argv[2])

    def told(settings: Settings) -> str:
        return labels(settings, since=since, file=file)

    run(told)
