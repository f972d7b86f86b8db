"""`delivery deploy ENV`: tick until the environment is verified, or somebody has to act."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from delivery.commands.promote import PromoteResult, Wish, promote
from delivery.commands.rollback import propose_rollback
from delivery.context import Context
from delivery.deployment.reconcile import Deployment, Tick
from delivery.errors import HeldError, InputError, RefusedError
from delivery.forge.protocol import Pull
from delivery.state.events import State


@dataclass(frozen=True, slots=True)
class DeployResult:
    """The last tick, the ticks before it, and the pull request that followed from it."""

    tick: Tick
    ticks: tuple[Tick, ...]
    next: PromoteResult | None = None
    held: str = ""  # why the next environment was not proposed
    rollback: Pull | None = None


def deploy(context: Context, environment: str, *, budget: float) -> DeployResult:
    """Bring `environment` to what main wants, within `budget` seconds.

    A verified release is proposed to the next environment; a rejected one ends in a rollback
    pull request, and where the forge merges by itself that rollback is deployed as well.
    """
    if context.surroundings.is_hosted and not context.surroundings.rehearses:
        raise InputError(
            f"this is a hosted runner, where {environment} would end with the job, and the "
            "variable DEPLOY_RUNNER says that it stays. Name a self-hosted runner there, or remove "
            "the variable and let jobs rehearse."
        )
    with _cleared(context, environment):
        ticks = _run(context, environment, budget)
    last = ticks[-1]
    if last.state.failed:
        return DeployResult(last, ticks, rollback=propose_rollback(context, environment))
    if last.state is State.VERIFIED and not last.idle:
        return _follow_up(context, environment, ticks)
    return DeployResult(last, ticks)


def plan(context: Context, environment: str) -> Tick:
    """What `deploy` would do next."""
    return Deployment(context, environment).plan()


@contextmanager
def _cleared(context: Context, environment: str) -> Iterator[None]:
    """A rehearsal stops what it started, however it ends."""
    target = context.target(context.snapshot().settings, environment)
    try:
        yield
    finally:
        if not target.lasting:
            target.stop()


def _run(context: Context, environment: str, budget: float) -> tuple[Tick, ...]:
    """Ticks until a final state, the same state thrice, or the end of the budget."""
    deadline = time.monotonic() + budget
    deployment = Deployment(context, environment)
    ticks: list[Tick] = []
    while True:
        ticks.append(deployment.tick())
        context.progress(f"{environment}: {ticks[-1].release} {ticks[-1].did}")
        if ticks[-1].final:
            if ticks[-1].state is State.VERIFIED and ticks[-1].did == "verified":
                ticks.append(deployment.tick())  # keeps the previous warm, retires older ones
            return tuple(ticks)
        if time.monotonic() > deadline:
            raise HeldError(
                f"{environment} is still {ticks[-1].state.value} after {budget:.0f} s. "
                f"`delivery deploy {environment}` goes on where it stopped."
            )


def _follow_up(context: Context, environment: str, ticks: tuple[Tick, ...]) -> DeployResult:
    """Propose what was verified here to the next environment, once."""
    snapshot = context.snapshot()
    following = snapshot.settings.downstream(environment)
    attempt = snapshot.attempt(environment)
    if following is None or attempt.desired.is_rollback:
        return DeployResult(ticks[-1], ticks)
    if snapshot.attempt(following).desired.wanted.release == attempt.desired.wanted.release:
        return DeployResult(ticks[-1], ticks)
    try:
        proposed = promote(context, Wish(following, ticks[-1].release, asked=False))
    except (HeldError, RefusedError) as error:
        return DeployResult(ticks[-1], ticks, held=str(error))
    return DeployResult(ticks[-1], ticks, next=proposed)
