"""Route the traffic as a strategy asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from delivery.context import Context
from delivery.deployment.rollouts.watching import Watching
from delivery.deployment.strategies.action import (
    Action,
    Divide,
    Move,
    Reflect,
    SetWeights,
    Situation,
    Strategy,
)
from delivery.errors import HeldError
from delivery.events.event import State
from delivery.events.experiments import running
from delivery.settings.policy import FILE, Environment
from delivery.state.history import Attempt
from delivery.targets.mirror import Mirror
from delivery.targets.protocol import Target
from delivery.targets.split import Split


def carry_out(
    context: Context, watching: Watching, target: Target, strategy: Strategy, now: Situation
) -> Action:
    """Set the weights, divide the clients or mirror what they ask, as long as the strategy asks for
    that; returns what it asks for then."""
    while isinstance(action := strategy(now), Move):
        match action:
            case Divide():
                _tell(context, now, action.split.weights)
                watching.divide(target, action.split)
                now = _moved(now, action.split.weights, action.split)
            case Reflect():
                weights = {action.mirror.champion: 100}
                _tell(context, now, weights)
                watching.reflect(target, action.mirror)
                now = _moved(now, weights, action.mirror)
            case SetWeights():
                _tell(context, now, action.weights)
                target.router.set_weights(action.weights)
                now = _moved(now, action.weights, None)
    return action


def lacking(environment: Environment, target: Target) -> Sequence[str]:
    """What the rollout of an environment needs and its target lacks, in one sentence if any."""
    settings = environment.settings
    lacks = target.capabilities.lacks(settings.rollout.needs)
    if not lacks:
        return []
    nobody = "" if target.capabilities.lasting else ", where nobody stays up to watch it"
    return [
        f"the rollout of {environment} needs {', '.join(lacks)}, which its target lacks{nobody}. "
        f"`rollout: at_once` under environments.{environment} in {FILE}, or another target"
    ]


def require_one_watcher(watching: Watching, target: Target) -> None:
    """HeldError while another process watches the rollout."""
    if target.router.is_watched() and not watching.has_lease_of(target):
        raise HeldError(
            f"another command watches the rollout in {target.runtime.environment}. "
            "`delivery status --watch` shows it."
        )


def end_other_rollouts(context: Context, attempt: Attempt, target: Target) -> None:
    """Give the traffic of a rollout or an experiment that nobody wants any more back to its
    champion, before anything else: main wants something else, or it was decided by a command that
    was killed."""
    split, mirror = target.router.split(), target.router.mirror()
    experiment = running(attempt.events)
    rolling = attempt.commit if attempt.state is State.ROLLING else ""
    if split and split.attempt != (experiment.salt if experiment else rolling):
        context.progress(f"{split.champion} has all clients: {split.candidate} is not wanted")
        target.router.set_weights({split.champion: 100})
    shadowing = attempt.commit if attempt.state is State.SHADOWING else ""
    if mirror and mirror.attempt != shadowing:
        context.progress(f"nothing is copied to {mirror.candidate} any more: it is not wanted")
        target.router.set_weights({mirror.champion: 100})


def _moved(now: Situation, route: Mapping[str, int], plan: Split | Mirror | None) -> Situation:
    split = plan if isinstance(plan, Split) else None
    mirror = plan if isinstance(plan, Mirror) else None
    traffic = now.traffic and replace(now.traffic, split=split, ours=split is not None)
    shadow = now.shadow and replace(now.shadow, mirror=mirror, ours=mirror is not None)
    return replace(now, route=route, confirmed=True, traffic=traffic, shadow=shadow)


def _tell(context: Context, now: Situation, weights: Mapping[str, int]) -> None:
    if weights != now.route:
        shares = ", ".join(
            name if share == 100 else f"{name} {share}%" for name, share in weights.items()
        )
        environment = now.attempt.environment
        context.progress(f"moving the traffic of {environment} to {shares}")
