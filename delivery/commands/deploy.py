"""`delivery deploy ENV`: tick until the environment is verified, or somebody has to act."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from delivery.ci.turns import Turns
from delivery.context import Context
from delivery.deployment.outcome import Outcome, follow_up
from delivery.deployment.reconcile import Deployment
from delivery.deployment.ticks import ticks
from delivery.deployment.transition import Step
from delivery.errors import HeldError, InputError
from delivery.targets.local.supervision import Supervision


def deploy(context: Context, environment: str, *, budget: float) -> Outcome:
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
    turns = Turns(context)
    with _cleared(context, environment):
        steps = _run(context, environment, budget, turns)
    if turns.made_way:
        return Outcome(steps[-1], steps, made_way=True)
    return follow_up(context, environment, steps)


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


def _run(context: Context, environment: str, budget: float, turns: Turns) -> tuple[Step, ...]:
    """Ticks until a final state, until a rollback needs this runner, or the end of the budget."""
    deadline = time.monotonic() + budget
    steps: list[Step] = []
    with Deployment(context, environment) as deployment:
        for step in ticks(context, deployment):
            steps.append(step)
            if step.final:
                continue
            if turns.make_way():
                deployment.leave()
                break
            if time.monotonic() > deadline:
                raise HeldError(_unfinished(context, deployment, step, budget))
    return tuple(steps)


def _unfinished(context: Context, deployment: Deployment, step: Step, budget: float) -> str:
    """Why it ends, and who goes on. A rollout that nobody watches any more has no share."""
    still = f"{step.environment} is still {step.state.value} after {budget:.0f} s."
    if step.state.is_watched and Supervision(context.workspace).process.alive():
        return f"{still} `delivery up` goes on with it."
    if step.state.is_watched:
        deployment.leave()
        still += f" Nobody watches any more, so nothing reaches {step.release}."
    return f"{still} `delivery deploy {step.environment}` goes on where it stopped."
