"""Do the scores of one model lie elsewhere than in the windows before? Which inputs moved?

The index is that of delivery.gates.rollout.scores. Scores alarm after two windows running; inputs
explain and never alarm. Rows of one day are alike, so chance is reckoned by days, not by rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout.scores import psi
from delivery.monitoring.judges.finding import Finding
from delivery.monitoring.judges.rows import BEFORE, DAY, Log, Rows
from delivery.settings.monitoring import Monitoring

WINDOWS = 2  # that have to alarm, one after the other
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Window:
    """The index of one window against those before it; None where there are too few rows."""

    start: float
    rows: int
    before: int
    psi: float | None


def windows(log: Log, policy: Monitoring, count: int = WINDOWS) -> tuple[Window, ...]:
    """The last `count` windows, the newest first."""
    days = policy.window_days
    newest_first = []
    for number in range(count):
        now = log.last(days, ago=number * days)
        before = log.last(BEFORE * days, ago=(number + 1) * days)
        enough = min(len(now), len(before)) >= policy.drift.rows
        index = psi(before.single_scores(), now.single_scores())[0] if enough else None
        start = log.until - (number + 1) * days * DAY
        newest_first.append(Window(start, len(now), len(before), index))
    return tuple(newest_first)


def scores(log: Log, policy: Monitoring) -> Finding:
    """`log` holds scores of one release on all rows, also on those that another one answered."""
    both = windows(log, policy)
    required = f"PSI ≤ {policy.drift.psi:g} in one of two windows of {policy.window_days} days"
    details = {"psi": [window.psi for window in both]}
    known = [window.psi for window in both if window.psi is not None]
    measured = "PSI " + ", before that ".join(f"{index:.3f}" for index in known)
    if len(known) < WINDOWS:
        least = min(min(window.rows, window.before) for window in both)
        why = f"{policy.drift.rows} rows are needed in each window and before it, found {least:,}"
        return Finding("scores", "no verdict", measured if known else "no index", required, why)
    if min(known) > policy.drift.psi:
        why = "two windows running lie elsewhere than the four before each: see which inputs moved"
        return Finding("scores", "alarm", measured, required, why, details)
    return Finding("scores", "pass", measured, required, "where they lay before", details)


def moved(log: Log, policy: Monitoring) -> Mapping[str, float]:
    """Input → index of the newest window against the four before, the largest first."""
    days = policy.window_days
    now, before = log.last(days), log.last(BEFORE * days, ago=days)
    if min(len(now), len(before)) < policy.drift.rows:
        return {}
    by_input = {name: _index(before, now, name) for name in now.inputs}
    return dict(sorted(by_input.items(), key=lambda item: -item[1])[:SHOWN])


def _index(before: Rows, now: Rows, name: str) -> float:
    """By tenths, or by categories; what is missing is a bin of its own."""
    sides = [rows.inputs[name] for rows in (before, now)]
    if sides[0].dtype == np.object_:
        codes = np.unique(np.concatenate([_texts(side) for side in sides]), return_inverse=True)[1]
        bins = np.split(codes.reshape(-1), [len(sides[0])])
    else:
        known = sides[0][np.isfinite(sides[0])]
        tenths = np.linspace(0, 1, 11)[1:-1]
        edges: Floats = np.unique(np.quantile(known, tenths)) if len(known) else np.zeros(0)
        bins = [
            np.where(np.isnan(side), len(edges) + 1, np.searchsorted(edges, side, side="right"))
            for side in sides
        ]
    size = int(max(part.max(initial=0) for part in bins)) + 1
    counts = np.stack([np.bincount(part, minlength=size) for part in bins]).astype(np.float64)
    shares: Floats = np.maximum(counts, 0.5) / counts.sum(axis=1, keepdims=True)
    one, two = shares[:, counts.any(axis=0)]
    return float(((two - one) * np.log(two / one)).sum())


def _texts(values: NDArray[np.object_]) -> NDArray[np.str_]:
    return np.array(["" if value is None else str(value) for value in values], dtype=np.str_)
