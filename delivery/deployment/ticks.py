"""Tick after tick, until somebody has to act."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.context import Context
from delivery.deployment.reconcile import Deployment
from delivery.deployment.transition import Step
from delivery.events.event import State

LOOK = 10.0  # s: how often main is read while a rollout is watched


def ticks(context: Context, deployment: Deployment) -> Iterator[Step]:
    """One after the other until the attempt has come to an end. What a tick left in force is
    watched before the next."""
    while True:
        step = deployment.tick()
        context.progress(f"{step.environment}: {step.release} {step.transition}")
        yield step
        if step.final:
            break
        if step.state.is_watched:
            deployment.attend(LOOK)
    if step.state is State.VERIFIED and step.transition == "verified":
        yield deployment.tick()  # keeps the previous warm, retires older ones
