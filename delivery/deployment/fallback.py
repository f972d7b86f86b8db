"""Give the traffic back to the previous release: by a deployment that failed, or by a person."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.deployment.strategies.at_once import fallback
from delivery.deployment.transition import record_event
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import Pull
from delivery.promotion.admission import require_trusted
from delivery.promotion.rollback import propose_rollback
from delivery.state.events import State, next_kind
from delivery.state.history import Attempt
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


def planned_rollback(attempt: Attempt) -> RollbackResult:
    """What a rollback would do. InputError where nothing runs.

    A rollback is never rolled back: run again, it finishes what a killed one began.
    """
    environment, desired = attempt.environment.name, attempt.desired
    if desired.is_rollback:
        return RollbackResult(
            environment, desired.rollback_of, desired.wanted.release, already=True
        )
    if not desired.wanted.exists:
        raise InputError(f"{environment} runs nothing, so there is nothing to roll back")
    return RollbackResult(environment, desired.wanted.release, desired.previous.release)


def roll_back(context: Context, environment: str, reason: str) -> RollbackResult:
    """Traffic first, then the event, then the pull request."""
    snapshot = context.snapshot()
    attempt = snapshot.attempt(environment)
    result = planned_rollback(attempt)
    if result.already:
        return result
    seconds = _move_traffic(context, snapshot, attempt)
    _record(context, attempt, reason)
    return replace(result, seconds=seconds, pull=propose_rollback(context, environment))


def fall_back(context: Context, snapshot: Snapshot, attempt: Attempt, target: Target) -> None:
    """Traffic to the previous release, or, where there is none, to nobody: the route is closed."""
    previous, environment = attempt.desired.previous.release, attempt.environment.name
    if attempt.desired.previous.exists:
        require_trusted(context, snapshot, previous, environment)
        target.runtime.start(Bento(previous, context.bento(snapshot, previous)))
    target.router.set_weights(fallback(attempt.desired))


def _move_traffic(context: Context, snapshot: Snapshot, attempt: Attempt) -> float:
    """Seconds until the previous release answered."""
    target = context.target(attempt.environment)
    if not target.capabilities.lasting:
        return 0.0  # nothing stayed up, so there is no traffic to move
    with ExitStack() as stack:
        _wait_for(target.runtime, stack, context)
        begun = time.monotonic()
        previous = attempt.desired.previous.release
        context.progress(f"giving the traffic of {attempt.environment} back to {previous}")
        fall_back(context, snapshot, attempt, target)
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


def _record(context: Context, attempt: Attempt, reason: str) -> None:
    """Write that the attempt does not stand any more, once."""
    if attempt.state.failed:
        return
    verified = attempt.state is State.VERIFIED
    kind = next_kind(attempt.events, "revoked") if verified else "rejected"
    record_event(context, attempt, kind, {"why": reason or "rolled back by hand"})
