"""`delivery rollback ENV`: give the traffic back to the previous verified release."""

from __future__ import annotations

from delivery.context import Context
from delivery.deployment.fallback import RollbackResult, planned_rollback, roll_back


def rollback(context: Context, environment: str, *, reason: str, dry_run: bool) -> RollbackResult:
    """Traffic first, then the event with the `reason`, then the pull request.

    Raises:
        InputError: nothing runs there.
        HeldError: a deployment holds the environment and does not end.
    """
    if dry_run:
        return planned_rollback(context.snapshot().attempt(environment))
    return roll_back(context, environment, reason)
