"""What follows once an attempt has come to an end."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.deployment.advance import PromoteRequest, PromoteResult, advance
from delivery.deployment.experiments.winner import propose_winner
from delivery.deployment.transition import Step
from delivery.errors import HeldError, RefusedError
from delivery.events.event import State
from delivery.forge.protocol import Pull
from delivery.promotion.rollback import propose_rollback


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last step, all steps, and the pull request that followed. `made_way`: a rollback waited
    for this runner, so another run goes on."""

    step: Step
    steps: tuple[Step, ...]
    next: PromoteResult | None = None
    held: str = ""  # why the next environment was not proposed
    rollback: Pull | None = None
    made_way: bool = False


def follow_up(context: Context, environment: str, steps: tuple[Step, ...]) -> Outcome:
    """Propose what was verified to the next environment, or the rollback of what failed."""
    last = steps[-1]
    if last.state.failed:
        return Outcome(last, steps, rollback=propose_rollback(context, environment))
    if last.state is State.VERIFIED and not last.idle:
        propose_winner(context, environment)  # of an experiment, if a killed command left it
        return _propose_further(context, environment, steps)
    return Outcome(last, steps)


def _propose_further(context: Context, environment: str, steps: tuple[Step, ...]) -> Outcome:
    """Once."""
    snapshot = context.snapshot()
    attempt = snapshot.attempt(environment)
    following = attempt.environment.downstream
    if following is None or attempt.desired.is_rollback:
        return Outcome(steps[-1], steps)
    wanted = attempt.desired.wanted
    if snapshot.attempt(following).wants(wanted.release, wanted.image):
        return Outcome(steps[-1], steps)
    request = PromoteRequest(following, by_person=False)
    try:
        proposed = advance(context, snapshot, request, steps[-1].release)
    except (HeldError, RefusedError) as error:
        return Outcome(steps[-1], steps, held=str(error))
    return Outcome(steps[-1], steps, next=proposed)
