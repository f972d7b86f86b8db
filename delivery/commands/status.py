"""`delivery status`: what is wanted, what runs, and the command that mends a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from delivery.context import Context
from delivery.errors import DeliveryError
from delivery.events.doubts import Doubts
from delivery.events.event import State, state_of
from delivery.events.experiments import Experiment, running
from delivery.promotion.frozen import frozen_because, waits
from delivery.state.history import Attempt
from delivery.state.snapshot import Snapshot
from delivery.targets.local.supervision import Supervision
from delivery.targets.protocol import Target

if TYPE_CHECKING:
    from delivery.deployment.rollouts.view import RolloutView, ShadowView


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """One environment: what main wants and what its target really runs.

    `problem` is empty where the two agree; else it says how they differ, and `cure` is the
    command that mends it.
    """

    environment: str
    url: str
    wanted: str
    state: str
    previous: str
    route: str
    problem: str
    cure: str
    supervision: str = ""  # by `delivery up`, in words
    frozen: str = ""  # why it takes no promotions; empty where it does
    rollout: RolloutView | ShadowView | None = None


@dataclass(frozen=True, slots=True)
class StatusResult:
    """All environments, in the order of promotion; in JSON a list."""

    environments: tuple[EnvironmentStatus, ...]

    def to_json(self) -> tuple[EnvironmentStatus, ...]:
        return self.environments


def status(context: Context) -> StatusResult:
    """All environments, in the order of promotion."""
    snapshot = context.snapshot()
    return StatusResult(
        tuple(_status(context, snapshot, name) for name in snapshot.settings.environments)
    )


def _status(context: Context, snapshot: Snapshot, environment: str) -> EnvironmentStatus:
    attempt = snapshot.attempt(environment)
    doubts = snapshot.ledger.doubts(environment)
    target = context.target(attempt.environment)
    if not target.capabilities.lasting or (attempt.elsewhere and not attempt.steps):
        return _rehearsed(attempt, doubts)
    try:
        route = target.router.weights()
        instances = target.runtime.instances()
        order = target.orders.hold() or target.orders.journal()
        faults = {name: instance.problem for name, instance in instances.items()}
        router = target.router.problem()
        rollout = _rollout(target, attempt)
    except DeliveryError as error:
        route, faults, router, order, rollout = {}, {"target": str(error)}, "", None, None
    problem = _problem(attempt, route, faults, router)
    if rollout and problem == _unfinished(attempt):
        problem = "" if rollout.is_watched else str(rollout)
    problem = str(doubts) or attempt.malformed or problem
    cure = _cure(attempt, doubts) if problem else ""
    if not problem and (experiment := running(attempt.events)):
        problem, cure = _unwatched(experiment, target), _watch_again(attempt, experiment)
    frozen = frozen_because(snapshot.history(environment))
    if frozen and (frozen.failed or waits(snapshot.history(environment))):
        problem = "; ".join(filter(None, (str(frozen), problem)))
        cure = frozen.cure or f"delivery deploy {environment}"
    if order:
        problem, cure = "; ".join(filter(None, (f"HELD: {order}", problem))), order.cure
    shares = ", ".join(f"{name} {share}%" for name, share in route.items()) or "closed"
    wanted = attempt.desired.wanted
    return EnvironmentStatus(
        environment=environment,
        url=target.router.url,
        wanted=wanted.release,
        state=attempt.state.value if wanted.exists else "idle",
        previous=snapshot.history(environment).previous.release,
        route=shares,
        problem=problem,
        cure=cure,
        supervision=Supervision(context.workspace).describe(environment),
        frozen=str(frozen or ""),
        rollout=rollout,
    )


def _rollout(target: Target, attempt: Attempt) -> RolloutView | ShadowView | None:
    """None where none is under way."""
    if not attempt.state.is_watched:
        return None
    from delivery.deployment.rollouts.view import view  # clients of HTTP, and what judges

    return view(target, attempt)


def _unwatched(experiment: Experiment, target: Target) -> str:
    """It runs, and no client takes part in it."""
    if target.router.is_watched():
        return ""
    return f"nobody watches the experiment with {experiment.challenger}, so no client meets it"


def _watch_again(attempt: Attempt, experiment: Experiment) -> str:
    return f"delivery experiment start {attempt.environment} --release {experiment.challenger}"


def _cure(attempt: Attempt, doubts: Doubts) -> str:
    command = "rollback" if attempt.malformed else "deploy"
    return doubts.cure if doubts else f"delivery {command} {attempt.environment}"


def _rehearsed(attempt: Attempt, doubts: Doubts) -> EnvironmentStatus:
    """Nothing but rehearsals: it was started, judged and stopped, and nothing runs."""
    environment = attempt.environment.name
    wanted = attempt.desired.wanted
    state = state_of(attempt.events or attempt.elsewhere)
    problem, cure = attempt.malformed, f"gh workflow run rollback.yml -f environment={environment}"
    if wanted.exists and not state.final:
        problem, cure = (
            f"{wanted.release} is {state.value} in rehearsal",
            "gh workflow run deploy.yml",
        )
    problem = str(doubts) or problem
    return EnvironmentStatus(
        environment=environment,
        url="none: a rehearsal leaves nothing up",
        wanted=wanted.release,
        state=f"{state.value} in rehearsal" if wanted.exists else "idle",
        previous=attempt.desired.previous.release,
        route="none",
        problem=problem,
        cure=(doubts.cure if doubts else cure) if problem else "",
    )


def _unfinished(attempt: Attempt) -> str:
    return f"{attempt.desired.wanted.release} is {attempt.state.value}"


def _problem(
    attempt: Attempt, shares: Mapping[str, int], faults: Mapping[str, str], router: str
) -> str:
    wanted = attempt.desired.wanted
    broken = [f"{name} {fault}" for name, fault in faults.items() if fault]
    if router and (shares or wanted.exists):
        broken.append(f"the router {router}")
    if broken:
        return "; ".join(broken)
    if not wanted.exists:
        return f"the route is open to {', '.join(shares)}" if shares else ""
    if not attempt.state.final:
        return _unfinished(attempt)
    if attempt.state.failed:
        return f"{wanted.release} is {attempt.state.value} and main still wants it"
    experiment = running(attempt.events)
    divided = experiment and shares.keys() == {experiment.champion, experiment.challenger}
    if attempt.state is State.VERIFIED and shares != {wanted.release: 100} and not divided:
        return f"the route is not at {wanted.release}"
    return ""
