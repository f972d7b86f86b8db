"""`delivery history [ENV]`: every attempt and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.state.desired import NONE
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
    )
