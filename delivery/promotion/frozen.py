"""Does an environment take promotions now? Rollbacks it always takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from delivery.errors import HeldError
from delivery.events.event import State
from delivery.events.freezes import freeze_of, thawed_since
from delivery.settings.freeze import now
from delivery.state.history import Attempt, History


@dataclass(frozen=True, slots=True)
class Frozen:
    """Why nothing is promoted, and the command that ends it; empty where time alone does.
    `failed`: a rollback did not reach its end, so somebody has to look now."""

    environment: str
    why: str
    cure: str = ""
    failed: bool = False

    def __str__(self) -> str:
        state = "FROZEN, because a rollback failed" if self.failed else "frozen"
        return f"{self.environment} is {state}: {self.why}"


def frozen_because(history: History, moment: datetime | None = None) -> Frozen | None:
    """None where the environment takes promotions: by its events, and by the windows of main's
    delivery.yaml."""
    environment = history.environment.name
    cure = f'delivery freeze {environment} --lift --reason "…"'
    events = [event for attempt in history for event in attempt.events]
    failed = _failed_rollback(history)
    if failed and not thawed_since(events, failed.steps[-1].at):
        wanted, left = failed.desired.wanted.release, failed.desired.rollback_of
        why = f"the rollback from {left} to {wanted} is {failed.state.value}: {failed.why}"
        return Frozen(environment, why, cure, failed=True)
    if freeze := freeze_of(events):
        return Frozen(environment, str(freeze), cure)
    closed = history.environment.settings.freeze.closed(moment or now())
    return Frozen(environment, closed) if closed else None


def require_thawed(frozen: Frozen | None) -> None:
    """HeldError if promotions wait."""
    if frozen:
        ends = f" `{frozen.cure}` ends that." if frozen.cure else ""
        raise HeldError(f"{frozen}.{ends} A rollback is not held.")


def waits(history: History) -> Frozen | None:
    """What the newest attempt, a promotion that did not begin, waits for the end of."""
    attempt = history.newest
    promotes = attempt.desired.wanted.exists and not attempt.desired.is_rollback
    return frozen_because(history) if promotes and attempt.state is State.MERGED else None


def _failed_rollback(history: History) -> Attempt | None:
    """The last attempt that began, if it was a rollback that failed."""
    begun = next((attempt for attempt in history if attempt.steps and attempt.admitted), None)
    failed = begun is not None and begun.desired.is_rollback and begun.state.failed
    return begun if failed else None
