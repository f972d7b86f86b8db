"""`delivery hold ENV`: nothing is changed in an environment until somebody lifts that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from delivery.context import Context
from delivery.errors import InputError
from delivery.targets.orders import Hold
from delivery.targets.protocol import Target


@dataclass(frozen=True, slots=True)
class HoldResult:
    """The hold that is in force, or that was lifted; None where there was none to lift."""

    environment: str
    hold: Hold | None


def hold(context: Context, environment: str, *, reason: str) -> HoldResult:
    """Hold an environment, at once: waits for nobody and asks neither origin nor the network. One
    that is held stays as it is.

    Raises:
        InputError: no reason, no such environment, or nothing stays up here.
    """
    if not reason.strip():
        raise InputError('a hold needs a reason, which everybody can read: `--reason "…"`')
    target = _target(context, environment)
    before = target.orders.hold()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    order = before or Hold(environment, context.surroundings.actor["name"], reason.strip(), now)
    if before is None:
        target.orders.write_hold(order)
    return HoldResult(environment, order)


def lift(context: Context, environment: str) -> HoldResult:
    """End the hold."""
    orders = _target(context, environment).orders
    before = orders.hold()
    orders.lift_hold()
    return HoldResult(environment, before)


def _target(context: Context, environment: str) -> Target:
    target = context.target(context.snapshot(fetch=False).environment(environment))
    if not target.capabilities.lasting:
        raise InputError(
            f"jobs rehearse {environment} here, and nothing of that stays up. Hold it where it "
            "runs: docs/github.md, runners."
        )
    return target
