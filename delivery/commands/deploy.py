"""`delivery deploy ENV`: tick until the environment is verified, or somebody has to act."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from delivery.ci.turns import Turns
from delivery.context import Context
from delivery.deployment.advance import PromoteRequest, PromoteResult, advance
from delivery.deployment.reconcile import Deployment
from delivery.deployment.transition import Step
from delivery.errors import HeldError, InputError, RefusedError
from delivery.events.event import State
from delivery.forge.protocol import Pull
from delivery.promotion.rollback import propose_rollback


@dataclass(frozen=True, slots=True)
class DeployResult:
    """The last step, all steps, and the pull request that followed. `made_way`: a rollback waited
    for this runner, so another run goes on."""

    step: Step
    steps: tuple[Step, ...]
    next: PromoteResult | None = None
    held: str = ""  # why the next environment was not proposed
    rollback: Pull | None = None
    made_way: bool = False


def deploy(context: Context, environment: str, *, budget: float) -> DeployResult:
    """Bring `environment` to what main wants, within `budget` seconds.

    A verified release is proposed to the next environment; a rejected one ends in a rollback
    pull request, and where the forge merges by itself that rollback is deployed as well.
    """
    if context.surroundings.is_hosted and not context.surroundings.rehearses:
        raise InputError(
            f"the variable DEPLOY_RUNNER promises a machine that stays up for {environment}, and "
            "this job is on a hosted runner, which ends with the job. Name a self-hosted runner "
            "there, or remove the variable and let jobs rehearse."
        )
    with _cleared(context, environment):
        steps = _run(context, environment, budget)
    last = steps[-1]
    if not last.final:
        return DeployResult(last, steps, made_way=True)
    if last.state.failed:
        return DeployResult(last, steps, rollback=propose_rollback(context, environment))
    if last.state is State.VERIFIED and not last.idle:
        return _follow_up(context, environment, steps)
    return DeployResult(last, steps)


def plan(context: Context, environment: str) -> Step:
    """What `deploy` would do next."""
    return Deployment(context, environment).plan()


@contextmanager
def _cleared(context: Context, environment: str) -> Iterator[None]:
    """A rehearsal stops what it started, however it ends."""
    target = context.target(context.snapshot().environment(environment))
    try:
        yield
    finally:
        if not target.capabilities.lasting:
            target.stop()


def _run(context: Context, environment: str, budget: float) -> tuple[Step, ...]:
    """Ticks until a final state, until a rollback needs this runner, or the end of the budget."""
    deadline = time.monotonic() + budget
    deployment, turns = Deployment(context, environment), Turns(context)
    steps: list[Step] = []
    while True:
        steps.append(deployment.tick())
        context.progress(f"{environment}: {steps[-1].release} {steps[-1].transition}")
        if steps[-1].final:
            if steps[-1].state is State.VERIFIED and steps[-1].transition == "verified":
                steps.append(deployment.tick())  # keeps the previous warm, retires older ones
            return tuple(steps)
        if turns.make_way():
            return tuple(steps)
        if time.monotonic() > deadline:
            raise HeldError(
                f"{environment} is still {steps[-1].state.value} after {budget:.0f} s. "
                f"`delivery deploy {environment}` goes on where it stopped."
            )


def _follow_up(context: Context, environment: str, steps: tuple[Step, ...]) -> DeployResult:
    """Propose what was verified here to the next environment, once."""
    snapshot = context.snapshot()
    attempt = snapshot.attempt(environment)
    following = attempt.environment.downstream
    if following is None or attempt.desired.is_rollback:
        return DeployResult(steps[-1], steps)
    if snapshot.attempt(following).desired.wanted.release == attempt.desired.wanted.release:
        return DeployResult(steps[-1], steps)
    request = PromoteRequest(following, by_person=False)
    try:
        proposed = advance(context, snapshot, request, steps[-1].release)
    except (HeldError, RefusedError) as error:
        return DeployResult(steps[-1], steps, held=str(error))
    return DeployResult(steps[-1], steps, next=proposed)
