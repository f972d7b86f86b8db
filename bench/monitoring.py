"""How often does the monitor err? Simulated on the year of the flights, written into
docs/monitoring.md.

Every figure is about one year of one city. Noise is that of real days: blocks of a week are drawn
again and again. Longer swings than a week are lost by that, so false alarms are a lower bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import track

from bench.gates.page import put
from bench.page import table
from bench.year.offline.rows import MONTHS, Year, year
from delivery.gates.numbers.metrics import losses
from delivery.monitoring.judges import drift, labels, quality
from delivery.monitoring.judges.rows import DAY, Log, Rows
from delivery.settings.monitoring import Monitoring
from serving.contract import Contract, Input, Output, Roles

PAGE = "monitoring.md"
POLICY = Monitoring.model_validate({"labels": {"delay_days": 1}})
BLOCK = 7  # days that are drawn together
SHIFTS = (0.0, 0.015, 0.03, 0.06)  # nats
WITHIN = (14, 30, 60)  # days
JOINS = (24, 500, 1000)  # rows that labels are shifted by
JOIN_WITHIN = (7, 10, 14)  # days
UNITS: Mapping[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "temperature": ("°F → °C", lambda x: (x - 32) / 1.8),
    "dew_point": ("°F → °C", lambda x: (x - 32) / 1.8),
    "wind_speed": ("mph → m/s", lambda x: x * 0.44704),
    "pressure": ("hPa → inHg", lambda x: x / 33.8639),
    "distance": ("mi → km", lambda x: x * 1.609344),
    "visibility": ("mi → km", lambda x: x * 1.609344),
}


def main(quick: bool) -> None:
    """Simulate and write the section; a quick run prints it."""
    found = section(year(), draws=20 if quick else 300)
    if quick:
        print(found)
        return
    put(Path("docs") / PAGE, found)
    print(f"docs/{PAGE}")


def section(made: Year, draws: int) -> str:
    """Tables of false alarms and of what is found."""
    log = log_of(made)
    parts = [
        "False alarms, in days and weeks in which nothing was changed:",
        "",
        table(("judge", "looked at", "alarmed"), list(false_alarms(made, log))),
        "",
        "Units that changed two days before, tried on every third day of the year:",
        "",
        table(("input", "change", "found on the second day"), list(units_found(log))),
        "",
        "Labels of other flights from a day on, tried on every tenth day of the year:",
        "",
        table(
            ("labels", *(f"found in {days} days" for days in JOIN_WITHIN)), list(joins_found(log))
        ),
        "",
        f"The loss against the release before, {draws:,} years of drawn weeks:",
        "",
        table(
            ("rise of the loss", *(f"found in {days} days" for days in WITHIN)),
            list(power(made, draws)),
        ),
    ]
    return "\n".join(parts).replace("\n\n\n", "\n\n").rstrip()


def log_of(made: Year, month: int = MONTHS[0]) -> Log:
    """The year as a prediction log, scored by the model of a month."""
    time = made.rows[made.when].astype("datetime64[s]").astype("int64").to_numpy().astype(float)
    inputs = {}
    for name in made.features:
        values = made.rows[name]
        if values.dtype.kind in "fiub":
            inputs[name] = values.to_numpy(np.float64)
        else:
            inputs[name] = values.astype(object).where(values.notna(), None).to_numpy()
    rows = Rows(
        time, np.full(len(time), "r-1", object), made.scores[month], inputs,
        made.rows[made.label].to_numpy(np.float64),
    )  # fmt: skip
    specs = tuple(
        Input(name=name, dtype="string" if values.dtype == object else "float64",
              categories=_early(values, made) if values.dtype == object else None)
        for name, values in inputs.items()
    )  # fmt: skip
    contract = Contract(
        name="flights", task="binary", inputs=specs,
        outputs=(Output(name="score", dtype="float32"),),
        classes=("False", "True"), roles=Roles(label="late", row_id="id"),
    )  # fmt: skip
    return Log(rows, float(time[-1]), contract)


def _early(values: np.ndarray, made: Year) -> tuple[str, ...]:
    """The categories of the first months."""
    return tuple(sorted({str(value) for value in values[made.month <= MONTHS[0]]}))


def at(log: Log, day: float) -> Log:
    return Log(log.rows, day, log.contract)


def ends(log: Log, step: float, least: float) -> Sequence[float]:
    """Midnights, `step` days apart, with `least` days of rows before them."""
    first = np.ceil(log.rows.time[0] / DAY) + least
    return [float(day) * DAY for day in np.arange(first, np.floor(log.rows.time[-1] / DAY), step)]


def false_alarms(made: Year, log: Log) -> Iterator[tuple[str, str, str]]:
    """Every day and week of the year as it was."""
    days = ends(log, 1, 4 * POLICY.window_days + 2)
    judges = {
        "volume": quality.volume, "missing": quality.missing, "unseen": quality.unseen,
        "units": quality.units, "auc": labels.auc,
    }  # fmt: skip
    for name, judge in judges.items():
        states = [judge(at(log, day), POLICY).status for day in track(days, description=name)]
        yield name, f"{len(days)} days", f"{states.count('alarm')}"
    single = double = looked = 0
    for month in MONTHS[:-1]:
        scored = log_of(made, month)
        later = [day for day in ends(log, 7, 42) if _month(day) > month]
        for day in track(later, description=f"scores of the model of month {month}"):
            windows = drift.windows(at(scored, day), POLICY)
            over = [window.psi is not None and window.psi > POLICY.drift.psi for window in windows]
            single, double, looked = single + over[0], double + all(over), looked + 1
    yield "scores, one window", f"{looked} weeks of {len(MONTHS) - 1} models", f"{single}"
    yield "scores, two windows running", f"{looked} weeks of {len(MONTHS) - 1} models", f"{double}"


def _month(day: float) -> int:
    return int(np.datetime64(int(day), "s").astype("datetime64[M]").astype(int) % 12) + 1


def units_found(log: Log) -> Iterator[tuple[str, str, str]]:
    """One input in another unit for two days."""
    days = ends(log, 3, 4 * POLICY.window_days + 2)
    for name, (words, change) in UNITS.items():
        found = 0
        for day in track(days, description=name):
            window = log.rows.between(day - 31 * DAY, day)
            inputs = dict(window.inputs)
            inputs[name] = np.where(
                window.time >= day - 2 * DAY, change(inputs[name]), inputs[name]
            )
            broken = Rows(window.time, window.release, window.scores, inputs, window.labels)
            verdict = quality.units(Log(broken, day, log.contract), POLICY)
            found += verdict.status == "alarm" and name in verdict.details["inputs"]
        yield name, words, f"{found / len(days):.0%} of {len(days)} days"


def joins_found(log: Log) -> Iterator[tuple[str, ...]]:
    """Each label is that of an earlier row, from a day on, looked at each day."""
    rows = replace(log.rows, inputs={})
    days = ends(log, 10, 2 * POLICY.window_days)[:-2]
    for shift in JOINS:
        moved, found = np.roll(rows.labels, shift), []
        for day in track(days, description=f"labels shifted by {shift}"):
            broken = replace(rows, labels=np.where(rows.time >= day, moved, rows.labels))
            near = broken.between(day - 2 * POLICY.window_days * DAY, day + max(JOIN_WITHIN) * DAY)
            looks = (Log(near, day + late * DAY, log.contract) for late in range(1, 15))
            alarmed = [labels.auc(look, POLICY).status == "alarm" for look in looks]
            found.append(alarmed.index(True) + 1 if True in alarmed else np.inf)
        shares = [np.mean(np.array(found) <= late) for late in JOIN_WITHIN]
        yield f"of the flight {shift:,} before", *(f"{share:.0%}" for share in shares)


def pairs(made: Year) -> np.ndarray:
    """Daily differences of each model and the one a month older, in the month after both."""
    truth = made.rows[made.label].to_numpy(np.int64)
    day = made.rows[made.when].dt.day_of_year.to_numpy()
    parts = []
    for month in MONTHS[1:]:
        later = made.month == month + 1
        new, old = (
            losses("binary", truth[later], made.scores[m][later]) for m in (month, month - 1)
        )
        _, codes = np.unique(day[later], return_inverse=True)
        means = np.bincount(codes, weights=new - old) / np.bincount(codes)
        parts.append(means - means.mean())  # neither is better
    return np.concatenate(parts)


def power(made: Year, draws: int) -> Iterator[tuple[str, ...]]:
    """A year of noise for false alarms; two weeks of noise and then a shift for the others."""
    noise, random = pairs(made), np.random.default_rng(2013)
    assert POLICY.labels
    for shift in SHIFTS:
        found = []
        for _ in range(draws):
            length = 365 if not shift else 2 * BLOCK + max(WITHIN)
            drawn = _drawn(noise, length, random)
            drawn[2 * BLOCK :] += shift
            found.append(first_alarm(drawn, POLICY.labels.shift) - (2 * BLOCK if shift else 0))
        days = np.array(found)
        if not shift:
            alarmed = float((days <= 365).mean())
            yield "none: false alarms in a year", f"{alarmed:.2f} of the years", "", ""
        else:
            yield f"{shift:g} nats", *(f"{float((days <= d).mean()):.0%}" for d in WITHIN)


def first_alarm(differences: np.ndarray, shift: float) -> float:
    """The day of the first alarm, looked at each day as the monitor does; infinite if none."""
    for day in range(labels.LEAST_DAYS, len(differences) + 1):
        seen = labels.chart(differences[:day], shift)
        if seen.values[-1] > seen.limit:
            return float(day)
    return float("inf")


def _drawn(noise: np.ndarray, length: int, random: np.random.Generator) -> np.ndarray:
    starts = random.integers(0, len(noise) - BLOCK, length // BLOCK + 1)
    return np.concatenate([noise[start : start + BLOCK] for start in starts])[:length].copy()
