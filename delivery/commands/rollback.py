"""`delivery rollback ENV`: give the traffic back to the previous verified release."""

from __future__ import annotations

from delivery.context import Context
from delivery.deployment.fallback import (
    RollbackResult,
    offline_plan,
    planned_rollback,
    replay,
    roll_back,
    roll_back_offline,
)
from delivery.errors import HeldError, InputError
from delivery.git.repository import UnreachableError
from delivery.state.desired import NONE
from delivery.state.snapshot import Snapshot


def rollback(
    context: Context, environment: str, *, reason: str, dry_run: bool, close: bool = False
) -> RollbackResult:
    """Traffic first, then the event with the `reason`, then the pull request. `close` gives the
    traffic to nobody. Takes over from a deployment that is at work or asleep.

    Raises:
        InputError: nothing runs there, it shall be closed without a reason, or origin is away.
        HeldError: nothing else was verified there, or a person holds it.
    """
    if close:
        _require_reason("--close", reason)
    snapshot = _snapshot(context, environment)
    target = context.target(snapshot.environment(environment))
    if not dry_run and replay(context, target):
        snapshot = context.snapshot()
    plan = planned_rollback(snapshot.history(environment), close=close)
    if target.capabilities.lasting:
        _require_somewhere(plan)
    return plan if dry_run else roll_back(context, environment, reason, close=close)


def rollback_offline(
    context: Context, environment: str, *, reason: str, dry_run: bool, close: bool = False
) -> RollbackResult:
    """The traffic alone, by main as it was last fetched: asks neither origin nor the network. The
    next command that reaches origin writes the event and opens the pull request.

    Raises:
        InputError: nothing runs there, a reason is missing, or nothing stays up here.
        HeldError: as `rollback`.
    """
    _require_reason("--offline", reason)
    history = context.snapshot(fetch=False).history(environment)
    target = context.target(history.environment)
    if not target.capabilities.lasting:
        raise InputError(f"jobs rehearse {environment} here, so it has no traffic to move")
    plan = offline_plan(history, target, close=close)
    _require_somewhere(plan)
    return plan if dry_run else roll_back_offline(context, environment, reason, close=close)


def _require_reason(option: str, reason: str) -> None:
    if not reason.strip():
        raise InputError(f'{option} needs a reason, which everybody can read: `--reason "…"`')


def _snapshot(context: Context, environment: str) -> Snapshot:
    try:
        return context.snapshot()
    except UnreachableError as error:
        raise UnreachableError(
            f"{error} To move the traffic without it: `delivery rollback {environment} --offline "
            '--reason "…"`.'
        ) from error


def _require_somewhere(plan: RollbackResult) -> None:
    """HeldError where the traffic would have nowhere to go, and nobody asks for that."""
    if plan.release == NONE and not (plan.closes or plan.already):
        raise HeldError(
            f"{plan.environment} has no verified release to go back to from {plan.left}, so its "
            f"traffic stays where it is. `delivery rollback {plan.environment} --close --reason "
            '"…"` closes the route, and clients get 503.'
        )
