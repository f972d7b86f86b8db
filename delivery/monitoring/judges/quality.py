"""Does data come, as much as usual, and whole? A day is compared with the days before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from delivery.gates.numbers.bootstrap import Floats
from delivery.monitoring.judges.finding import Finding, Status
from delivery.monitoring.judges.rows import BEFORE, DAY, Log, Rows
from delivery.settings.monitoring import Monitoring

RUNNING = 2  # days that have to lie apart, one after the other
BEYOND = 0.5  # of the range that the days before span


def judge(log: Log, policy: Monitoring) -> tuple[Finding, ...]:
    """Freshness, volume, missing values, unseen categories, columns in another unit."""
    return (
        freshness(log),
        volume(log, policy),
        missing(log, policy),
        unseen(log, policy),
        units(log, policy),
    )


def freshness(log: Log) -> Finding:
    """The newest prediction is no older than a day."""
    required = "at most a day old"
    if not len(log.rows):
        return Finding("freshness", "no verdict", "no rows", required, "nothing was ever logged")
    age = (log.until - float(log.rows.time[-1])) / 3600
    status: Status = "alarm" if age > DAY / 3600 else "pass"
    why = "nobody asks, or nothing is written down" if status == "alarm" else "predictions come"
    return Finding("freshness", status, f"{age:.1f} h old", required, why)


def volume(log: Log, policy: Monitoring) -> Finding:
    """A day against the same weekday before."""
    now, then = (len(log.last(1, ago=days)) for days in (0, 7))
    required = f"at least {policy.quality.volume:.0%} of the {then:,} rows a week before"
    measured = f"{now:,} rows in a day"
    if then < policy.drift.rows:
        why = f"a week before there were fewer than {policy.drift.rows} rows"
        return Finding("volume", "no verdict", measured, required, why)
    low = now < policy.quality.volume * then
    why = "clients ask less, or are turned away" if low else "as usual"
    return Finding("volume", "alarm" if low else "pass", measured, required, why)


def missing(log: Log, policy: Monitoring) -> Finding:
    """How much more of an input is missing than on any day of the four windows before: some inputs
    are always missing on calm days."""
    limit, days = policy.quality.missing, BEFORE * policy.window_days
    required = f"at most {limit:.0%} of an input's values more than on any of {days} days before"
    day, before = log.last(1), [log.last(1, ago=1 + number) for number in range(days)]
    known = [other for other in before if len(other)]
    if len(day) < policy.drift.rows or sum(map(len, known)) < policy.drift.rows:
        return _too_few("missing", len(day), required, policy, log)
    rises = {
        name: _missing(day, name) - max(_missing(other, name) for other in known)
        for name in day.inputs
    }
    return _largest("missing", rises, limit, required)


def _missing(rows: Rows, name: str) -> float:
    return float(rows.missing(name).mean())


def unseen(log: Log, policy: Monitoring) -> Finding:
    """Categories that training had not, as a share of a day's values."""
    day, required = log.last(1), f"at most {policy.quality.unseen:.1%} of an input's values"
    if len(day) < policy.drift.rows:
        return _too_few("unseen", len(day), required, policy, log)
    shares = {}
    for spec in log.contract.inputs:
        if spec.categories and spec.name in day.inputs and not spec.sensitive:
            known = {*spec.categories, None, ""}
            values = day.inputs[spec.name]
            shares[spec.name] = float(np.mean([value not in known for value in values]))
    return _largest("unseen", shares, policy.quality.unseen, required)


def units(log: Log, policy: Monitoring) -> Finding:
    """Is the middle of a column, two days running, far from where it was on any day before?

    A unit that changes moves a whole column in one step and stays; a storm passes, a season takes
    weeks. A day's median may lie beyond those of the four windows before by `BEYOND` of the range
    that they span.
    """
    required = f"a day's median within those of {BEFORE} windows before, or half their range beyond"
    days = BEFORE * policy.window_days
    tables = [_daily(log, number, _median) for number in range(RUNNING)]
    before = [_daily(log, number, _median) for number in range(RUNNING, RUNNING + days)]
    known = [table for table in before if table]
    if not all(tables) or len(known) < days / 2:
        return _too_few("units", 0, required, policy, log)
    moved = {}
    for name in tables[0]:
        spans = np.array([table[name] for table in known if np.isfinite(table[name])])
        if len(spans) >= days / 2 and (beyond := _beyond(spans, [t[name] for t in tables])):
            moved[name] = beyond
    if not moved:
        return Finding("units", "pass", "every column", required, "no column moved in one step")
    worst = "; ".join(f"{name} {text}" for name, text in list(moved.items())[:3])
    why = "a unit or a source has changed; mend it before a model learns from it"
    return Finding("units", "alarm", worst, required, why, {"inputs": list(moved)})


def _beyond(before: Floats, now: Sequence[float]) -> str:
    """What the days say that lie too far from those before; empty unless all do."""
    low, high = float(before.min()), float(before.max())
    room = BEYOND * (high - low)
    out = all(value < low - room or value > high + room for value in now)
    return f"{now[0]:.4g} after {low:.4g} to {high:.4g}" if out else ""


def _daily(log: Log, ago: int, of: Callable[[Rows, str], float]) -> dict[str, float]:
    """A figure of each numeric input on the day that ended `ago` days before; empty where the day
    has no rows."""
    day = log.last(1, ago=ago)
    if not len(day):
        return {}
    return {name: of(day, name) for name, values in day.inputs.items() if values.dtype != object}


def _median(rows: Rows, name: str) -> float:
    known = rows.inputs[name][np.isfinite(rows.inputs[name])]
    return float(np.median(known)) if len(known) else float("nan")


def _largest(judge: str, shares: dict[str, float], limit: float, required: str) -> Finding:
    if not shares:
        return Finding(
            judge, "no verdict", "no such input", required, "there is nothing to look at"
        )
    name = max(shares, key=shares.__getitem__)
    over = [each for each, share in shares.items() if share > limit]
    measured = f"{name}: {shares[name]:.1%}"
    why = f"{', '.join(over[:5])}: look at the source" if over else "no input is over the limit"
    return Finding(judge, "alarm" if over else "pass", measured, required, why, {"inputs": shares})


def _too_few(judge: str, rows: int, required: str, policy: Monitoring, log: Log) -> Finding:
    why = f"{policy.drift.rows} rows are needed in a day, and days before it"
    return Finding(judge, "no verdict", f"{rows or len(log.last(1)):,} rows", required, why)
