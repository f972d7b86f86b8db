"""`delivery freeze ENV`: nothing is promoted there until somebody lifts that; rollbacks are."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.deployment.transition import record_event
from delivery.errors import HeldError, InputError
from delivery.events.event import next_kind
from delivery.events.freezes import FROZEN, THAWED
from delivery.promotion.frozen import frozen_because

TRIES = 5


@dataclass(frozen=True, slots=True)
class FreezeResult:
    """Why the environment takes no promotions now; empty where it does."""

    environment: str
    why: str


def freeze(context: Context, environment: str, *, reason: str) -> FreezeResult:
    """Freeze it.

    Raises:
        InputError: no reason, or no such environment.
        HeldError: the events of the environment are in doubt.
    """
    return _write(context, environment, FROZEN, reason)


def thaw(context: Context, environment: str, *, reason: str) -> FreezeResult:
    """End that, and the freeze after a rollback that failed. Windows of delivery.yaml stay."""
    return _write(context, environment, THAWED, reason)


def _write(context: Context, environment: str, kind: str, reason: str) -> FreezeResult:
    if not reason.strip():
        raise InputError('it needs a reason, which everybody can read: `--reason "…"`')
    for _ in range(TRIES):
        snapshot = context.snapshot()
        attempt = snapshot.attempt(environment)
        snapshot.ledger.doubts(environment).require_none()
        if record_event(context, attempt, next_kind(attempt.events, kind), {"why": reason.strip()}):
            frozen = frozen_because(context.snapshot().history(environment))
            return FreezeResult(environment, str(frozen or ""))
    raise HeldError(f"{environment} changes all the time; run the command again")
