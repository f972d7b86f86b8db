"""`delivery rollback ENV`: give the traffic back to the previous verified release."""

from __future__ import annotations

from delivery.context import Context
from delivery.deployment.fallback import RollbackResult, planned_rollback, roll_back
from delivery.errors import HeldError, InputError
from delivery.state.desired import NONE


def rollback(
    context: Context, environment: str, *, reason: str, dry_run: bool, close: bool = False
) -> RollbackResult:
    """Traffic first, then the event with the `reason`, then the pull request. `close` gives the
    traffic to nobody.

    Raises:
        InputError: nothing runs there, or it shall be closed without a reason.
        HeldError: nothing else was verified there, or a deployment holds it and does not end.
    """
    if close and not reason.strip():
        raise InputError('--close needs a reason, which everybody can read: `--reason "…"`')
    history = context.snapshot().history(environment)
    plan = planned_rollback(history, close=close)
    if context.target(history.environment).capabilities.lasting:
        _require_somewhere(plan)
    return plan if dry_run else roll_back(context, environment, reason, close=close)


def _require_somewhere(plan: RollbackResult) -> None:
    """HeldError where the traffic would have nowhere to go, and nobody asks for that."""
    if plan.release == NONE and not (plan.closes or plan.already):
        raise HeldError(
            f"{plan.environment} has no verified release to go back to from {plan.left}, so its "
            f"traffic stays where it is. `delivery rollback {plan.environment} --close --reason "
            '"…"` closes the route, and clients get 503.'
        )
