"""The four figures of DORA, for one environment, from what its event log says.

Source: https://dora.dev/guides/dora-metrics-four-keys/, with the definitions of `DEFINITIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from delivery.events.event import Event, State
from delivery.state.history import Attempt, History

DAYS = 90
WEEK = 7
DEFINITIONS: Mapping[str, str] = {
    "deployments_per_week": "releases that were verified here and are no rollbacks, a week",
    "lead_time_s": "median of the time from the commit that a release was made from to its "
    "verification here",
    "failure_share": "share of the releases that clients met, and that were rejected or revoked",
    "time_to_restore_s": "median of the time from the first client that met such a release to the "
    "event that says that no client meets it",
}
MET = (State.ROLLING.kind.event, State.VERIFIED.kind.event)  # events since which clients meet it
FAILED = tuple(state.kind.event for state in State if state.failed)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the last `days` days. None where nothing happened that could be measured."""

    days: int
    deployments_per_week: float
    lead_time_s: float | None
    failure_share: float | None
    time_to_restore_s: float | None


def figures(
    history: History, made: Callable[[str], datetime | None], now: datetime, days: int = DAYS
) -> Figures:
    """`made` gives when the commit of a release was made, None where nobody knows."""
    begin = now - timedelta(days=days)
    attempts = [attempt for attempt in history if not attempt.desired.is_rollback]
    met = [attempt for attempt in attempts if (first := _first(attempt, MET)) and first >= begin]
    failed = [attempt for attempt in met if _first(attempt, FAILED)]
    verified = [at for attempt in met if (at := _first(attempt, MET[1:])) is not None]
    return Figures(
        days=days,
        deployments_per_week=len(verified) / (days / WEEK),
        lead_time_s=_median(_lead(attempt, made) for attempt in met),
        failure_share=len(failed) / len(met) if met else None,
        time_to_restore_s=_median(_exposed(attempt) for attempt in failed),
    )


def _lead(attempt: Attempt, made: Callable[[str], datetime | None]) -> float | None:
    verified, begun = _first(attempt, MET[1:]), made(attempt.desired.wanted.release)
    return (verified - begun).total_seconds() if verified and begun else None


def _exposed(attempt: Attempt) -> float | None:
    begin, end = _first(attempt, MET), _first(attempt, FAILED)
    return (end - begin).total_seconds() if begin and end else None


def _first(attempt: Attempt, kinds: Sequence[str]) -> datetime | None:
    """When the first event of these kinds happened. Tags of the time before logs do not say."""
    moments = (_moment(event) for event in attempt.events if _name(event) in kinds)
    return min((moment for moment in moments if moment), default=None)


def _moment(event: Event) -> datetime | None:
    return datetime.fromisoformat(event.at) if event.at else None


def _name(event: Event) -> str:
    return event.kind.partition("-")[0]


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
