"""Give the traffic back to what was verified: by a deployment that failed, or by a person."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.deployment.transition import record_event
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import Pull
from delivery.promotion.admission import require_trusted
from delivery.promotion.rollback import propose_rollback
from delivery.state.desired import NONE
from delivery.state.events import State, next_kind
from delivery.state.history import CLOSES, Attempt, History
from delivery.state.snapshot import Snapshot
from delivery.targets.protocol import Runtime, Target

PATIENCE = 120.0  # seconds to wait for a deployment that holds the environment


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
    result = planned_rollback(history, close=close)
    if result.already:
        return result
    seconds = _move_traffic(context, snapshot, result)
    _record(context, history.newest, reason, close=close)
    pull = propose_rollback(context, environment, by_person=True)
    return replace(result, seconds=seconds, pull=pull)


def fall_back(context: Context, snapshot: Snapshot, environment: str, target: Target) -> None:
    """Traffic to the last release that was verified here. Where there is none the route stays as
    it is, unless a person closed it."""
    history = snapshot.history(environment)
    if history.closed:
        target.router.set_weights({})
    elif history.previous.exists:
        _give(context, snapshot, history.previous.release, target)


def _give(context: Context, snapshot: Snapshot, release: str, target: Target) -> None:
    """All traffic to `release`."""
    require_trusted(context, snapshot, release, target.runtime.environment)
    target.runtime.start(Bento(release, context.bento(snapshot, release)))
    target.router.set_weights({release: 100})


def _move_traffic(context: Context, snapshot: Snapshot, planned: RollbackResult) -> float:
    """Seconds until the traffic was where the plan says."""
    environment = planned.environment
    target = context.target(snapshot.environment(environment))
    if not target.capabilities.lasting:
        return 0.0  # nothing stayed up, so there is no traffic to move
    with ExitStack() as stack:
        _wait_for(target.runtime, stack, context)
        begun = time.monotonic()
        if planned.closes:
            context.progress(f"closing the route of {environment}")
            target.router.set_weights({})
        else:
            context.progress(f"giving the traffic of {environment} back to {planned.release}")
            fall_back(context, snapshot, environment, target)
        return time.monotonic() - begun


def _wait_for(runtime: Runtime, stack: ExitStack, context: Context) -> None:
    """Take the runtime's lock, in line behind a deployment that is at work: ticks are short."""
    deadline = time.monotonic() + PATIENCE
    announced = False
    while True:
        try:
            stack.enter_context(runtime.lock())
            return
        except HeldError as error:
            if time.monotonic() > deadline:
                raise
            if not announced:
                context.progress(f"waiting: {error}")
                announced = True
            time.sleep(0.1)


def _record(context: Context, attempt: Attempt, reason: str, *, close: bool) -> None:
    """Write that the attempt does not stand any more, once, and that a person closed the route."""
    why = {"why": reason or "rolled back by hand"}
    if close and not attempt.closed:
        kind = next_kind(attempt.events, "revoked")
        record_event(context, attempt, kind, {**why, CLOSES: True})
    elif not attempt.state.failed:
        verified = attempt.state is State.VERIFIED
        kind = next_kind(attempt.events, "revoked") if verified else "rejected"
        record_event(context, attempt, kind, why)
