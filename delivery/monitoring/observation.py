"""A window of an environment, judged: what the monitor looks at, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from delivery.bento.bento import Bento
from delivery.bento.temporary import Servers
from delivery.errors import DeliveryError
from delivery.gates.numbers.bootstrap import Floats
from delivery.monitoring.judges import drift, labels, quality, service
from delivery.monitoring.judges.finding import Finding
from delivery.monitoring.judges.rows import BEFORE, DAY, Log
from delivery.monitoring.replay import replay
from delivery.settings.monitoring import Monitoring

WINDOWS = BEFORE + drift.WINDOWS
CHART_DAYS = 90  # of labels that are compared at most


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """`days` are rows, mean score and mean label by day; `moved` the index of the inputs that moved
    most; `notes` what could not be done."""

    findings: tuple[Finding, ...]
    moved: Mapping[str, float]
    days: Mapping[str, Sequence[float | None]]
    notes: tuple[str, ...] = ()

    def noting(self, note: str) -> Observation:
        """The same with one note more."""
        return replace(self, notes=(*self.notes, note))


def reach(policy: Monitoring) -> float:
    """How far back the log is read, in s."""
    return max(WINDOWS * policy.window_days, CHART_DAYS) * DAY


def observe(
    log: Log, releases: tuple[Bento, Bento | None], servers: Servers, policy: Monitoring
) -> Observation:
    """All that the log shows about the live release and the one before; counters apart."""
    live, previous = releases
    notes: list[str] = []
    whole = _scored_by(live, log, servers, notes)
    scores = _unjudged(notes) if whole is None else drift.scores(whole, policy)
    findings = (
        *quality.judge(log, policy),
        scores,
        labels.coverage(log, policy),
        labels.auc(log, policy),
        labels.judge(_paired(log, live, previous, servers, policy, notes), policy),
    )
    return Observation(findings, drift.moved(log, policy), _days(log), tuple(notes))


def unserved(environment: str) -> Observation:
    """Of an environment that has no service, and so nothing that a log could hold."""
    why = (
        f"{environment} scores files: each `delivery batch run` reports the drift and quality of "
        "its own input"
    )
    finding = Finding("log", "no verdict", "no service", "a prediction log", why)
    return Observation((finding,), {}, {"day": ()})


def with_counts(
    seen: Observation, counts: service.Counts | None, policy: Monitoring
) -> Observation:
    """The same with what the instances have counted, first."""
    return replace(seen, findings=(*service.judge(counts, policy), *seen.findings))


def _scored_by(live: Bento, log: Log, servers: Servers, notes: list[str]) -> Log | None:
    """All rows with scores of the live release: one model in every window. Another one that
    answered before would look like drift."""
    rows = log.rows
    other = rows.release != live.id
    if not other.any():
        return log
    try:
        answers = replay(servers, live, rows.where(other))
    except DeliveryError as error:
        notes.append(f"rows that other releases answered could not be scored by {live.id}: {error}")
        return None
    scores = rows.scores.copy()
    scores[other] = answers
    return replace(log, rows=replace(rows, scores=scores))


def _unjudged(notes: Sequence[str]) -> Finding:
    return Finding("scores", "no verdict", "not replayed", "scores of one release", notes[-1])


def _paired(
    log: Log, live: Bento, previous: Bento | None, servers: Servers, policy: Monitoring,
    notes: list[str],
) -> labels.Paired | None:  # fmt: skip
    """The live release against the one before, on rows that the live one answered."""
    own = log.rows.release == live.id
    mine = replace(log, rows=log.rows.where(own & np.isfinite(log.rows.labels)))
    if previous is None or not len(mine.rows):
        return None
    try:
        other: Floats = replay(servers, previous, mine.rows)
    except DeliveryError as error:
        notes.append(f"{previous.id} could not be compared: {error}")
        return None
    return labels.paired(mine, other, policy.labels)


def _days(log: Log) -> Mapping[str, Sequence[float | None]]:
    """By whole days before the end, the oldest first."""
    rows = log.rows
    if not len(rows):
        return {"day": [], "rows": [], "score": [], "label": []}
    ago = np.floor((log.until - rows.time) / DAY).astype(np.int64)
    found: dict[str, list[float | None]] = {"day": [], "rows": [], "score": [], "label": []}
    for number in range(int(ago.max()), -1, -1):
        day = rows.where(ago == number)
        known = day.labels[np.isfinite(day.labels)]
        found["day"].append(float(-number))
        found["rows"].append(float(len(day)))
        found["score"].append(float(day.single_scores().mean()) if len(day) else None)
        found["label"].append(float(known.mean()) if len(known) else None)
    return found
