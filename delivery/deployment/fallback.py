"""Give the traffic back to what was verified: by a deployment that failed, or by a person."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from delivery.context import Context
from delivery.deployment.admitted import Admitted
from delivery.deployment.journal import settle
from delivery.errors import DeliveryError, InputError
from delivery.forge.protocol import Pull
from delivery.promotion.admission import require_trusted
from delivery.promotion.rollback import propose_rollback
from delivery.state.desired import NONE, ReleaseRef
from delivery.state.history import History
from delivery.state.snapshot import Snapshot
from delivery.targets.orders import JournalEntry
from delivery.targets.protocol import Target, Writer


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """What was left, what answers now, how long the traffic took (s), and the pull request."""

    environment: str
    left: str
    release: str
    seconds: float = 0.0
    pull: Pull | None = None
    already: bool = False
    closes: bool = False  # a person asked for the route to be closed


def planned_rollback(history: History, *, close: bool = False) -> RollbackResult:
    """What a rollback of the newest attempt would do. InputError where nothing runs.

    A rollback that stands is never rolled back: run again, it finishes what a killed one began.
    """
    environment, attempt, previous = history.environment.name, history.newest, history.previous
    desired = attempt.desired
    if close:
        already = history.closed and not (desired.wanted.exists or attempt.malformed)
        return RollbackResult(environment, attempt.subject, NONE, already=already, closes=True)
    if desired.is_rollback and not attempt.state.failed:
        return RollbackResult(
            environment, desired.rollback_of, desired.wanted.release, already=True
        )
    if not (desired.wanted.exists or previous.exists):
        raise InputError(f"{environment} runs nothing, so there is nothing to roll back")
    return RollbackResult(environment, attempt.subject, previous.release)


def roll_back(
    context: Context, environment: str, reason: str, *, close: bool = False
) -> RollbackResult:
    """Traffic first, then the event, then the pull request. `close` gives the traffic to nobody;
    without it, it stays where it is if nothing else was verified."""
    snapshot = context.snapshot()
    history = snapshot.history(environment)
    planned = planned_rollback(history, close=close)
    if planned.already:
        return planned
    entry = _entry(context, history, planned, reason)
    target = context.target(history.environment)
    seconds = 0.0
    if target.capabilities.lasting:
        with target.runtime.lock(Writer.ROLLBACK):
            target.orders.write_journal(entry)
            seconds = _move(context, snapshot, entry, target, offline=False)
            settle(context, entry, {"why": entry.why})
            target.orders.clear_journal(entry)
    else:
        settle(context, entry, {"why": entry.why})
    pull = propose_rollback(context, environment, by_person=True)
    return replace(planned, seconds=seconds, pull=pull)


def roll_back_offline(
    context: Context, environment: str, reason: str, *, close: bool = False
) -> RollbackResult:
    """The traffic alone, by main as it was last seen. The journal tells origin later."""
    snapshot = context.snapshot(fetch=False)
    history = snapshot.history(environment)
    target = context.target(history.environment)
    planned = offline_plan(history, target, close=close)
    if planned.already:
        return planned
    entry = _entry(context, history, planned, reason)
    with target.runtime.lock(Writer.ROLLBACK):
        target.orders.write_journal(entry)
        seconds = _move(context, snapshot, entry, target, offline=True)
    return replace(planned, seconds=seconds)


def replay(context: Context, target: Target) -> bool:
    """Finish the rollback in the journal, which was killed or offline, and propose it. False if
    there is none, and while a person holds the environment.

    HeldError while somebody else is at work there.
    """
    if target.orders.journal() is None or target.orders.hold():
        return False
    with target.runtime.lock(Writer.REPLAY):
        entry = target.orders.journal()
        if entry is None:
            return False  # its writer ended it just now
        context.progress(f"finishing a rollback: {entry}")
        snapshot = context.snapshot()
        snapshot.ledger.doubts(entry.environment).require_none()
        _move(context, snapshot, entry, target, offline=True)
        settle(context, entry, {"why": entry.why, "by": entry.by, "since": entry.since})
        target.orders.clear_journal(entry)
    propose_rollback(context, entry.environment, by_person=True)
    return True


def offline_plan(history: History, target: Target, *, close: bool) -> RollbackResult:
    """The same plan. Where main, as last seen, knows nothing else that was verified, the only
    release that the target keeps warm is it."""
    planned = planned_rollback(history, close=close)
    if planned.closes or planned.already or planned.release != NONE:
        return planned
    kept = sorted(target.runtime.settled() - target.router.weights().keys() - {planned.left})
    warm = [release for release in kept if _is_warm(target, release)]
    return replace(planned, release=warm[0]) if len(warm) == 1 else planned


def fall_back(context: Context, snapshot: Snapshot, environment: str, target: Target) -> None:
    """Traffic to the last release that was verified here. Where there is none the route stays as
    it is, unless a person closed it."""
    history = snapshot.history(environment)
    if history.closed:
        target.router.set_weights({})
    elif history.previous.exists:
        _give(context, snapshot, history.previous, target)


def _give(context: Context, snapshot: Snapshot, version: ReleaseRef, target: Target) -> None:
    """All traffic to `version`."""
    admitted = Admitted(context, snapshot, target.runtime.environment)
    version = admitted.version(version)
    require_trusted(context, snapshot, version, admitted.environment)
    target.runtime.start(admitted.bento(version))
    target.router.set_weights({version.release: 100})


def _move(
    context: Context, snapshot: Snapshot, entry: JournalEntry, target: Target, *, offline: bool
) -> float:
    """Give the traffic away, once the journal says so: no deployment gives it back. Returns the
    seconds until it was there. Where it cannot be moved, no entry stays."""
    begun = time.monotonic()
    try:
        if entry.closes:
            context.progress(f"closing the route of {entry.environment}")
            target.router.set_weights({})
        elif offline and _is_warm(target, entry.release) and not context.store.has(entry.release):
            target.router.set_weights({entry.release: 100})  # its bytes cannot be had, nor need be
        elif entry.release != NONE:
            context.progress(f"giving the traffic of {entry.environment} to {entry.release}")
            _give(context, snapshot, _version(snapshot, entry), target)
    except DeliveryError:
        if target.router.weights() != _weights(entry):
            target.orders.clear_journal(entry)
        raise
    return time.monotonic() - begun


def _version(snapshot: Snapshot, entry: JournalEntry) -> ReleaseRef:
    """What the entry goes back to. A journal has releases alone."""
    history = snapshot.history(entry.environment)
    previous = history.previous
    return previous if previous.release == entry.release else history.version(entry.release)


def _weights(entry: JournalEntry) -> Mapping[str, int]:
    return {} if entry.closes else {entry.release: 100}


def _is_warm(target: Target, release: str) -> bool:
    instance = target.runtime.instances().get(release)
    return instance is not None and not instance.problem


def _entry(
    context: Context, history: History, planned: RollbackResult, reason: str
) -> JournalEntry:
    return JournalEntry(
        environment=planned.environment,
        attempt=history.newest.commit,
        left=planned.left,
        release=planned.release,
        by=context.surroundings.actor["name"],
        why=reason or "rolled back by hand",
        since=datetime.now(UTC).isoformat(timespec="seconds"),
        closes=planned.closes,
    )
