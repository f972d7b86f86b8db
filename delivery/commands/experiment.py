"""`delivery experiment`: two verified releases, until their users have told them apart."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from delivery.context import Context
from delivery.deployment.experiments import begin as beginning
from delivery.deployment.experiments.begin import Beginning
from delivery.deployment.experiments.conduct import Look
from delivery.deployment.experiments.view import ExperimentView, view
from delivery.deployment.experiments.winner import conducted, propose_winner, won
from delivery.events.experiments import Experiment, experiments_of, running
from delivery.forge.protocol import Pull
from delivery.git.refs import promotion_branch
from delivery.targets.local.supervision import Supervision


@dataclass(frozen=True, slots=True)
class StartResult:
    """The experiment that runs or ran, how it ended if it did, and the winner's pull request."""

    environment: str
    challenger: str
    result: str = ""
    why: str = ""
    pull: Pull | None = None
    goes_on: str = ""  # who watches it now, or what to do that somebody does


@dataclass(frozen=True, slots=True)
class ExperimentStatus:
    """What runs now, and how those of what is verified ended, newest first."""

    environment: str
    running: ExperimentView | None
    ended: tuple[Experiment, ...]


def plan(context: Context, environment: str, release: str) -> Beginning:
    """What `start` would do."""
    return beginning.planned(context, context.snapshot(), environment, release)


def start(context: Context, environment: str, release: str, *, budget: float) -> StartResult:
    """Begin the experiment, or go on with it, and watch it for `budget` seconds, unless
    `delivery up` does.

    Raises:
        InputError, HeldError, RefusedError: as `delivery.deployment.experiments.begin`.
    """
    winner = won(context.snapshot(), environment)
    if winner is not None and winner.challenger == release:
        propose_winner(context, environment)  # a killed command left that
        return _ended(context, environment, winner)
    beginning.begin(context, environment, release)
    if Supervision(context.workspace).process.alive():
        return StartResult(environment, release, goes_on="`delivery up` watches it")
    look = conducted(context, environment, threading.Event(), budget)
    if look.conclusion is None:
        return StartResult(environment, release, goes_on=_unwatched(environment, release, look))
    result, why = look.conclusion.result, look.conclusion.why
    pull = _pull(context, environment, release) if result == "winner" else None
    return StartResult(environment, release, result, why, pull)


def stop(context: Context, environment: str, reason: str) -> StartResult:
    """End the experiment: the champion has all clients. Raises as `begin.stop`."""
    ended = beginning.stop(context, environment, reason)
    return StartResult(environment, ended.challenger, "stopped", reason.strip())


def experiment_status(context: Context, environment: str) -> ExperimentStatus:
    """How the experiment of an environment stands."""
    snapshot = context.snapshot()
    attempt = snapshot.attempt(environment)
    now = running(attempt.events)
    target, labels = context.target(attempt.environment), snapshot.settings.feedback
    shown = view(context, target, now, labels) if now else None
    past: Sequence[Experiment] = experiments_of(attempt.events)
    ended = tuple(one for one in reversed(past) if one.conclusion is not None)
    return ExperimentStatus(environment, shown, ended)


def _ended(context: Context, environment: str, winner: Experiment) -> StartResult:
    conclusion = winner.conclusion or {}
    pull = _pull(context, environment, winner.challenger)
    return StartResult(
        environment,
        winner.challenger,
        str(conclusion.get("result")),
        str(conclusion.get("why")),
        pull,
    )


def _pull(context: Context, environment: str, release: str) -> Pull | None:
    pulls = context.forge.pulls(head=promotion_branch(environment, release))
    return pulls[-1] if pulls else None


def _unwatched(environment: str, release: str, look: Look) -> str:
    if look.experiment is None:
        return "it ended meanwhile; `delivery history` says how"
    return (
        f"nobody watches it now, so {release} has no clients. `delivery up`, or `delivery "
        f"experiment start {environment} --release {release}` again, goes on with it"
    )
