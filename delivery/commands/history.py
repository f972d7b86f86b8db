"""`delivery history [ENV]`: every attempt and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from delivery.context import Context
from delivery.errors import DeliveryError
from delivery.state.desired import NONE
from delivery.state.figures import Figures
from delivery.state.figures import figures as measure
from delivery.state.history import Attempt


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One attempt of one environment."""

    environment: str
    attempt: str
    merged: str
    release: str
    state: str
    events: tuple[str, ...]
    rollback_of: str
    why: str  # what its last event says of the reason, or why its file cannot be read
    by: str = ""  # who wrote its last event
    seconds: float | None = None  # from the merge to its last event
    verdicts: Mapping[str, str] = field(default_factory=dict)  # of its last event, by gate


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """The attempts, newest first; in JSON a list."""

    attempts: tuple[HistoryRow, ...]

    def to_json(self) -> tuple[HistoryRow, ...]:
        return self.attempts


def history(context: Context, environment: str | None) -> HistoryResult:
    """Every attempt, newest first, of one environment or of all."""
    snapshot = context.snapshot()
    names = [environment] if environment else list(snapshot.settings.environments)
    rows = []
    for name in names:
        for attempt in snapshot.history(name):
            if _tells(attempt):
                rows.append(_row(attempt))
    return HistoryResult(tuple(rows))


def _tells(attempt: Attempt) -> bool:
    """Is it more than a file that wants nothing?"""
    wanted = attempt.desired.wanted.exists
    return wanted or bool(attempt.malformed or attempt.events or attempt.elsewhere)


def _row(attempt: Attempt) -> HistoryRow:
    rollback_of = attempt.desired.rollback_of
    return HistoryRow(
        environment=attempt.environment.name,
        attempt=attempt.commit[:12],
        merged=attempt.merged,
        release=attempt.desired.wanted.release,
        state=attempt.state.value,
        events=(
            *(event.kind for event in attempt.events),
            *(
                f"{event.kind} in rehearsal" if event.rehearsed else event.kind
                for event in attempt.elsewhere
            ),
        ),
        rollback_of="" if rollback_of == NONE else rollback_of,
        why=attempt.why,
        by=attempt.steps[-1].by if attempt.steps else "",
        seconds=_seconds(attempt),
        verdicts=attempt.steps[-1].evidence.get("verdicts", {}) if attempt.steps else {},
    )


def _seconds(attempt: Attempt) -> float | None:
    """From the merge to the last event; None where one of the two is not known."""
    last = attempt.steps[-1].at if attempt.steps else ""
    if not (last and attempt.merged):
        return None
    return (datetime.fromisoformat(last) - datetime.fromisoformat(attempt.merged)).total_seconds()


def figures(context: Context, environment: str) -> Figures:
    """How often, how fast and how well `environment` is deployed to."""
    snapshot = context.snapshot()

    def made(release: str) -> datetime | None:
        try:
            commit = snapshot.record(release).made_from.commit
            return datetime.fromisoformat(
                context.repository.run("show", "-s", "--format=%cI", commit)
            )
        except DeliveryError:  # an old release, or a clone that lacks the commit
            return None

    return measure(snapshot.history(environment), made, datetime.now(UTC))
