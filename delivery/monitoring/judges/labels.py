"""Does the truth come, is it that of its rows, and does the live release do worse on it than the
one before?

A single model's loss follows the base rate: 0.40 in September and 0.61 in December, for the same
model. So two releases are compared on the same rows, by day, and the daily differences are added up
in a CUSUM (Page, "Continuous inspection schemes", Biometrika 41, 1954). Its limit gives one false
alarm in `RUN` days, by Siegmund, *Sequential Analysis* (1985), section 2.6, for the noise that the
chart itself has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from delivery.gates.numbers import metrics
from delivery.gates.numbers.bootstrap import Floats
from delivery.monitoring.judges.finding import Finding
from delivery.monitoring.judges.rows import DAY, Log, Rows
from delivery.settings.monitoring import Labels, Monitoring
from serving.contract import Task

LEAST_DAYS = 14
LEAST_ROWS = 30  # of a day
CHANCE = 0.5  # the area under the ROC curve of scores that know nothing
RUN = 365.0  # days between two false alarms, on average
OVERSHOOT = 1.166  # how far a walk of normal steps jumps over a limit, twice
TINY = 1e-12
LAGS, TAILS = 7, 1.3


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """Mean loss of the live release minus that of the one before, by day, on the same rows; above
    0 the live one is worse. `days` in s since 1970, [days]."""

    task: Task
    days: Floats
    differences: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """The CUSUM by day, and the limit above which it alarms."""

    values: Floats
    limit: float
    noise: float


def coverage(log: Log, policy: Monitoring) -> Finding:
    """The share of a window's rows that have a label, once `delay_days` have passed."""
    labels = policy.labels
    if labels is None:
        why = "delivery.yaml expects no labels: monitoring.labels"
        return Finding("labels", "no verdict", "not expected", "none", why)
    rows = log.last(policy.window_days, ago=labels.delay_days)
    required = f"{labels.coverage:.0%} after {labels.delay_days} days"
    if len(rows) < policy.drift.rows:
        why = f"{policy.drift.rows} rows are needed"
        return Finding("labels", "no verdict", f"{len(rows):,} rows", required, why)
    known = float(np.isfinite(rows.labels).mean())
    low = known < labels.coverage
    why = "nothing that needs labels is judged until they come" if low else "labels come"
    measured, details = f"{known:.1%}", {"coverage": known}
    if len(log.delays):
        median, most = (float(np.quantile(log.delays, q)) / DAY for q in (0.5, 0.9))
        measured += f"; half came within {median:.2g} days, 9 of 10 within {most:.2g}"
        details |= {"delay_median_days": median, "delay_p90_days": most}
    return Finding("labels", "alarm" if low else "pass", measured, required, why, details)


def auc(log: Log, policy: Monitoring) -> Finding:
    """Labels that belong to other rows rank no better than chance, as does a model that is of no
    use: the area under the ROC curve, over the days of a window whose labels have had their time.

    The loss cannot tell: it follows the base rate.
    """
    days, delay = policy.window_days, policy.labels.delay_days if policy.labels else 0
    required = f"above {CHANCE:g} on average over {days} days"
    if log.contract.task != "binary":
        return Finding("auc", "no verdict", "no curve", required, "only two classes have one")
    areas = [_area(log.last(1, ago=delay + number)) for number in range(days)]
    known = [area for area in areas if area is not None]
    if len(known) < days:
        why = f"each day needs {LEAST_ROWS} labelled rows, of both classes"
        return Finding("auc", "no verdict", f"{len(known)} days", required, why)
    mean, details = float(np.mean(known)), {"days": known[::-1]}
    if mean <= CHANCE:
        why = "labels seem to be those of other rows: mend it before a model learns from them"
        return Finding("auc", "alarm", f"{mean:.3f}", required, why, details)
    return Finding("auc", "pass", f"{mean:.3f}", required, "labels fit their rows", details)


def _area(day: Rows) -> float | None:
    """Of the labelled rows of a day; None where they are few, or of one class."""
    known = day.where(np.isfinite(day.labels) & np.isfinite(day.scores))
    if len(known) < LEAST_ROWS:
        return None
    return metrics.auc(known.labels.astype(np.int64), known.scores)


def paired(log: Log, previous: Floats, labels: Labels | None) -> Paired:
    """Daily differences over the rows of `log`, all answered by the live release, whose label has
    had its time. `previous` are the other release's scores of the same rows."""
    delay = labels.delay_days if labels else 0
    rows, task = log.rows, log.contract.task
    due = np.isfinite(rows.labels) & (rows.time < log.until - delay * DAY)
    due &= np.isfinite(previous if previous.ndim == 1 else previous.sum(axis=1))
    kind = np.float64 if task == "regression" else np.int64
    truth = rows.labels[due].astype(kind)
    difference = metrics.losses(task, truth, rows.scores[due]) - metrics.losses(
        task, truth, previous[due]
    )
    days, codes, counts = np.unique(
        np.floor(rows.time[due] / DAY), return_inverse=True, return_counts=True
    )
    means = np.bincount(codes, weights=difference, minlength=len(days)) / np.maximum(counts, 1)
    enough = counts >= LEAST_ROWS
    return Paired(task, days[enough] * DAY, means[enough])


def chart(differences: Floats, shift: float) -> Chart:
    """The CUSUM that looks for a rise by `shift`."""
    half, value, values = shift / 2, 0.0, []
    for difference in differences:
        value = max(0.0, value + float(difference) - half)
        values.append(value)
    noise = _noise(differences)
    return Chart(np.array(values), limit(noise, shift), noise)


def limit(noise: float, shift: float) -> float:
    """The CUSUM that normal daily noise passes once in `RUN` days, in units of the loss."""
    drift = shift / 2 / max(noise, TINY)
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        walk = 2 * drift * (middle + OVERSHOOT)
        run = (math.exp(min(walk, 700)) - walk - 1) / (2 * drift**2)
        low, high = (middle, high) if run < RUN else (low, middle)
    return high * noise


def judge(found: Paired | None, policy: Monitoring) -> Finding:
    """Alarm if the live release does worse than the one before, by `labels.shift`."""
    shift = policy.labels.shift if policy.labels else Labels().shift
    metric = metrics.LOSS_NAMES[found.task] if found else "loss"
    required = f"no rise of the {metric} by {shift:g} against the release before, by day"
    if found is None or len(found.days) < LEAST_DAYS:
        days = len(found.days) if found else 0
        why = f"{LEAST_DAYS} days with {LEAST_ROWS} labelled rows are needed"
        return Finding("loss", "no verdict", f"{days} days", required, why)
    made = chart(found.differences, shift)
    mean = float(found.differences.mean())
    measured = f"{mean:+.4f} over {len(found.days)} days"
    details = {
        "days": found.days.tolist(), "differences": found.differences.tolist(),
        "chart": made.values.tolist(), "limit": made.limit, "noise": made.noise,
    }  # fmt: skip
    if made.values[-1] > made.limit:
        why = "the release before does better on the same rows; one false alarm a year is allowed"
        return Finding("loss", "alarm", measured, required, why, details)
    return Finding("loss", "pass", measured, required, "no worse than the release before", details)


def _noise(differences: Floats) -> float:
    """The standard deviation that a sum of days has for each root of a day: days that follow each
    other are alike (Newey & West, Econometrica 55, 1987, seven lags). Days have heavy tails: with
    `TAILS` deviations at least, the chart of the flights alarms falsely as often as promised."""
    centred = differences - differences.mean()
    count = len(centred)
    power = float(centred @ centred) / count
    total = power + sum(
        2 * (1 - lag / (LAGS + 1)) * float(centred[lag:] @ centred[:-lag]) / count
        for lag in range(1, min(LAGS, count - 1) + 1)
    )
    return max(math.sqrt(max(total, 0.0)), TAILS * math.sqrt(power))
