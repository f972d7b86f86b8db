"""`delivery attest ENV`: vouch for events that cannot be verified."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.errors import HeldError, InputError
from delivery.events.entry import Checkpoint
from delivery.events.log import EventLog
from delivery.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class AttestResult:
    """What somebody vouched for, or would: a line for each doubt."""

    environment: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttestRequest:
    """`disown` are the entries, by the first digits of their commits, that must not count."""

    environment: str
    reason: str = ""
    disown: tuple[str, ...] = ()
    dry_run: bool = False


def attest(context: Context, request: AttestRequest) -> AttestResult:
    """Write a checkpoint into each event log of an environment, so that nothing is in doubt.

    Raises:
        InputError: there is nothing to vouch for, no reason, or no such entry.
        HeldError: this machine's key may not write events there, or somebody wrote meanwhile.
    """
    snapshot = context.snapshot()
    environment = snapshot.environment(request.environment).name
    doubts, logs = snapshot.ledger.doubts(environment), snapshot.ledger.logs(environment)
    disowned = [_entry(logs, digits) for digits in request.disown]
    if not doubts and not disowned:
        raise InputError(f"nothing about the events of {environment} is in doubt")
    if not request.reason and not request.dry_run:
        raise InputError('say why you vouch for it: `--reason "…"`')
    if not request.dry_run:
        for log in logs:
            _vouch(context, snapshot, log, request.reason, disowned)
        _require_believed(context, environment)
    return AttestResult(environment, doubts.lines)


def _entry(logs: tuple[EventLog, ...], digits: str) -> str:
    """The commit of the one entry that begins so."""
    matches = [commit for log in logs for commit in log.known if commit.startswith(digits)]
    if len(matches) != 1 or not digits:
        many = "several entries begin" if matches else "no entry begins"
        raise InputError(f"{many} with {digits!r}; `--dry-run` lists those in doubt")
    return matches[0]


def _vouch(
    context: Context, snapshot: Snapshot, log: EventLog, reason: str, disowned: list[str]
) -> None:
    if log.newest is None and not (log.unattested or log.rewritten or snapshot.ledger.lost(log)):
        return  # nobody ever wrote there
    mine = tuple(commit for commit in disowned if commit in log.known)
    gone = (log.seen,) if log.rewritten and log.seen not in log.known else ()
    checkpoint = Checkpoint(
        log.name.environment,
        reason,
        log.name.rehearsed,
        vouches=tuple(commit for commit in log.unattested if commit not in mine),
        disowns=mine,
        lost=(*snapshot.ledger.lost(log), *gone),
    )
    if not context.events.attest(checkpoint):
        raise HeldError(
            f"somebody wrote to {log.name} meanwhile. Look again: "
            f"`delivery attest {log.name.environment} --dry-run`."
        )


def _require_believed(context: Context, environment: str) -> None:
    """What was written counts only with a key that may write events."""
    doubts = context.snapshot().ledger.doubts(environment)
    if doubts:
        raise HeldError(
            f"the events of {environment} are still in doubt: {doubts}. `delivery key --events` "
            "prints the lines of `trust:` that let this machine's key write events."
        )
