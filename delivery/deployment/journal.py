"""What a rollback owes to origin: the event which says that an attempt does not stand any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from delivery.context import Context
from delivery.deployment.transition import record_event
from delivery.errors import HeldError, OutsideError
from delivery.events.event import State, next_kind
from delivery.state.history import CLOSES, Attempt
from delivery.state.snapshot import Snapshot
from delivery.targets.orders import JournalEntry

TRIES = 20


def settle(context: Context, entry: JournalEntry, evidence: Mapping[str, Any]) -> None:
    """Write that the attempt does not stand any more, once, and that a person closed the route.

    HeldError if what this machine writes is not believed: the entry has to stay.
    """
    for _ in range(TRIES):
        snapshot = context.snapshot()
        attempt = _attempt(snapshot, entry)
        if attempt is None or _stands_no_more(attempt, entry):
            return
        if _record(context, attempt, entry, evidence):
            _require_believed(context, entry)
            return
    raise OutsideError(f"origin changes all the time; run `{entry.cure}`")


def _attempt(snapshot: Snapshot, entry: JournalEntry) -> Attempt | None:
    """None where main was forced back and has it no more."""
    attempts = snapshot.history(entry.environment)
    return next((attempt for attempt in attempts if attempt.commit == entry.attempt), None)


def _stands_no_more(attempt: Attempt, entry: JournalEntry) -> bool:
    return attempt.closed if entry.closes else attempt.state.failed


def _record(
    context: Context, attempt: Attempt, entry: JournalEntry, evidence: Mapping[str, Any]
) -> bool:
    """False if something else happened to the attempt meanwhile."""
    revokes = entry.closes or attempt.state is State.VERIFIED
    kind = next_kind(attempt.events, "revoked") if revokes else "rejected"
    closes = {CLOSES: True} if entry.closes else {}
    return record_event(context, attempt, kind, {**evidence, **closes})


def _require_believed(context: Context, entry: JournalEntry) -> None:
    snapshot = context.snapshot()
    attempt = _attempt(snapshot, entry)
    if attempt is None or _stands_no_more(attempt, entry):
        return
    doubts = snapshot.ledger.doubts(entry.environment)
    raise HeldError(
        f"the traffic of {entry.environment} is with {entry.release}, and the event that says so "
        f"is not believed: {doubts}. Deployments are held until `{doubts.cure}`, then "
        f"`{entry.cure}`."
    )
