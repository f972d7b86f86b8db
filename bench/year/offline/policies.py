"""When to retrain, compared on the same rows without any delivery: a table of months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from bench.year.calendar import BEGIN, END, complete, weeks
from bench.year.offline.rows import Year
from delivery.gates.numbers.metrics import auc, calibration_error, losses
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality import champion

NEVER, ALL, LAGGED, GATED = "never", "monthly, all data", "monthly, exam's lag", "monthly, gated"
MODELS = range(2, 12)  # months whose models are needed
REPORTED = range(5, 13)  # the settings were chosen on what comes before
LATER = range(9, 13)  # reported apart


@dataclass(frozen=True)
class Figures:
    """Of the rows of a month: mean log loss in nats, AUC, calibration error."""

    rows: int
    loss: float
    auc: float
    calibration: float


@dataclass(frozen=True)
class Policy:
    """Figures by month, and over May to August and September to December; how many `releases`
    came after the first."""

    months: Mapping[str, Figures]
    releases: int

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def policies(made: Year) -> dict[str, Policy]:
    """Never retrain; every month on all data; every month with the lag of the exam; and that if
    the gate `champion` passes. A retrain takes effect on the first Monday on which all labels of
    its last month are known."""
    first = complete(BEGIN) - 1
    months = range(complete(BEGIN), complete(END) + 1)
    return {
        NEVER: _replay(made, dict.fromkeys(months, first)),
        ALL: _replay(made, {month: month for month in months}),
        LAGGED: _replay(made, {month: month - 1 for month in months}),
        GATED: _replay(made, _gated(made, months)),
    }


def _gated(made: Year, months: range) -> dict[int, int]:
    """The month whose model is live after each month. A candidate knows all but the newest month,
    on which both are judged."""
    live = {months[0]: months[0] - 1}
    for month in months[1:]:
        here = made.month == month
        truth = made.rows[made.label].to_numpy(np.int64)[here]
        candidate, reference = (
            losses("binary", truth, made.scores[model][here])
            for model in (month - 1, live[month - 1])
        )
        _, days = np.unique(made.rows[made.when].dt.day[here], return_inverse=True)
        paired = PairedLosses("log loss", candidate, reference, days)
        segments = {name: made.rows[name].to_numpy()[here] for name in made.segments}
        passed = champion.judge(champion.Evidence(paired, segments=segments), champion.Policy())
        live[month] = month - 1 if passed.status == "pass" else live[month - 1]
    return live


def _replay(made: Year, live: Mapping[int, int]) -> Policy:
    """`live` has the month whose model answers once the labels of a month are complete."""
    when = made.rows[made.when].to_numpy()
    scores, used = np.full(len(when), np.nan), []
    for begin, end in weeks(BEGIN, END):
        last = live[complete(begin)]
        here = (when >= np.datetime64(begin)) & (when < np.datetime64(end))
        scores[here] = made.scores[last][here]
        used.append(last)
    return measured(made, scores, releases=len(set(used)) - 1)


def measured(made: Year, scores: np.ndarray, releases: int) -> Policy:
    """Figures of `scores`, NaN where nobody answered. The truth is that of `made`."""
    truth = made.rows[made.label].to_numpy(np.int64)
    known = np.isfinite(scores)
    parts = {str(month): made.month == month for month in REPORTED}
    parts["5-8"] = (made.month >= REPORTED[0]) & (made.month < LATER[0])
    parts["9-12"] = made.month >= LATER[0]
    parts["5-12"] = made.month >= REPORTED[0]
    found = {}
    for name, part in parts.items():
        here = part & known
        if here.any():
            found[name] = _figures(truth[here], scores[here])
    return Policy(found, releases)


def _figures(truth: np.ndarray, scores: np.ndarray) -> Figures:
    area = auc(truth, scores)
    assert area is not None
    return Figures(
        len(truth), float(losses("binary", truth, scores).mean()), area,
        calibration_error(truth, scores),
    )  # fmt: skip
