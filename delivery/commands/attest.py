"""`delivery attest ENV`: vouch for events that cannot be verified."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.errors import HeldError, InputError
from delivery.state.entry import Checkpoint
from delivery.state.event_log import EventLog
from delivery.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class AttestResult:
    """What somebody vouched for, or would: a line for each doubt."""

    environment: str
    doubts: tuple[str, ...]


def attest(context: Context, environment: str, *, reason: str, dry_run: bool) -> AttestResult:
    """Write a checkpoint into each event log of an environment that gives rise to doubts.

    Raises:
        InputError: there is nothing to vouch for, or no reason.
        HeldError: this machine's key may not write events there, or somebody wrote meanwhile.
    """
    snapshot = context.snapshot()
    snapshot.environment(environment)
    doubts = snapshot.doubts(environment)
    if not doubts:
        raise InputError(f"nothing about the events of {environment} is in doubt")
    if not reason and not dry_run:
        raise InputError('say why you vouch for it: `--reason "…"`')
    if not dry_run:
        for log in snapshot.logs(environment):
            _vouch(context, snapshot, log, reason)
        _require_believed(context, environment)
    return AttestResult(environment, doubts.lines)


def _vouch(context: Context, snapshot: Snapshot, log: EventLog, reason: str) -> None:
    lost = snapshot.lost(log)
    believed = not (log.unattested or log.rewritten or lost)
    if believed and log.newest is None:
        return  # nobody ever wrote there
    gone = (log.seen,) if log.rewritten and log.seen not in log.known else ()
    checkpoint = Checkpoint(
        log.name.environment, reason, log.name.rehearsed, tuple(log.unattested), (*lost, *gone)
    )
    if not context.events.attest(checkpoint):
        raise HeldError(
            f"somebody wrote to {log.name} meanwhile. Look again: "
            f"`delivery attest {log.name.environment} --dry-run`."
        )


def _require_believed(context: Context, environment: str) -> None:
    """What was written counts only with a key that may write events."""
    doubts = context.snapshot().doubts(environment)
    if doubts:
        raise HeldError(
            f"the events of {environment} are still in doubt: {doubts}. `delivery key --events` "
            "prints the lines of `trust:` that let this machine's key write events."
        )
