"""`delivery status` and `delivery history`: what is wanted, what runs, and how it came to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from delivery.context import Context
from delivery.errors import DeliveryError
from delivery.state.desired import NONE
from delivery.state.events import state_of
from delivery.state.snapshot import Attempt, Snapshot


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


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One attempt of one environment."""

    environment: str
    attempt: str
    merged: str
    release: str
    state: str
    events: tuple[str, ...]
    rollback_of: str


def status(context: Context) -> tuple[EnvironmentStatus, ...]:
    """All environments, in the order of promotion."""
    snapshot = context.snapshot()
    return tuple(_status(context, snapshot, name) for name in snapshot.settings.environments)


def _status(context: Context, snapshot: Snapshot, environment: str) -> EnvironmentStatus:
    attempt = snapshot.attempt(environment)
    target = context.target(snapshot.settings, environment)
    if not target.lasting or (attempt.elsewhere and not attempt.events):
        return _rehearsed(attempt)
    try:
        route = target.route()
        dead = {name: found.detail for name, found in target.instances().items() if not found.alive}
        healthy = target.healthy()
    except DeliveryError as error:
        route, dead, healthy = {}, {"target": str(error)}, False
    problem = _problem(attempt, route, dead, healthy)
    shares = ", ".join(f"{name} {share}%" for name, share in route.items()) or "closed"
    wanted = attempt.desired.wanted
    return EnvironmentStatus(
        environment=environment,
        url=target.url,
        wanted=wanted.release,
        state=attempt.state.value if wanted.exists else "idle",
        previous=attempt.desired.previous.release,
        route=shares,
        problem=problem,
        cure=f"delivery deploy {environment}" if problem else "",
    )


def _rehearsed(attempt: Attempt) -> EnvironmentStatus:
    """Nothing but rehearsals: it was started, judged and stopped, and nothing runs."""
    wanted = attempt.desired.wanted
    state = state_of(attempt.events or attempt.elsewhere)
    open_end = wanted.exists and not state.final
    return EnvironmentStatus(
        environment=attempt.environment,
        url="none: a rehearsal leaves nothing up",
        wanted=wanted.release,
        state=f"{state.value} in rehearsal" if wanted.exists else "idle",
        previous=attempt.desired.previous.release,
        route="none",
        problem=f"{wanted.release} is {state.value} in rehearsal" if open_end else "",
        cure="gh workflow run deploy.yml" if open_end else "",
    )


def _problem(
    attempt: Attempt, shares: Mapping[str, int], dead: Mapping[str, str], healthy: bool
) -> str:
    wanted = attempt.desired.wanted
    if dead:
        return "; ".join(f"{name} is not running ({why})" for name, why in dead.items())
    if shares and not healthy:
        return "the router is not running"
    if not wanted.exists:
        return f"the route is open to {', '.join(shares)}" if shares else ""
    if not attempt.state.final:
        return f"{wanted.release} is {attempt.state.value}"
    if attempt.state.failed:
        return f"{wanted.release} is {attempt.state.value} and main still wants it"
    if attempt.state.value == "verified" and shares != {wanted.release: 100}:
        return f"the route is not at {wanted.release}"
    return ""


def history(context: Context, environment: str | None) -> tuple[HistoryRow, ...]:
    """Every attempt, newest first, of one environment or of all."""
    snapshot = context.snapshot()
    names = [environment] if environment else list(snapshot.settings.environments)
    rows = []
    for name in names:
        for attempt in snapshot.history(name):
            wanted = attempt.desired.wanted
            if not wanted.exists and not (attempt.events or attempt.elsewhere):
                continue
            rows.append(_row(context, attempt))
    return tuple(rows)


def _row(context: Context, attempt: Attempt) -> HistoryRow:
    merged = context.repository.run("show", "-s", "--format=%cI", attempt.commit)
    rollback_of = attempt.desired.rollback_of
    return HistoryRow(
        environment=attempt.environment,
        attempt=attempt.commit[:12],
        merged=merged,
        release=attempt.desired.wanted.release,
        state=attempt.state.value,
        events=(
            *(event.kind for event in attempt.events),
            *(
                f"{event.kind} in rehearsal" if event.rehearsed else event.kind
                for event in attempt.elsewhere
            ),
        ),
        rollback_of="" if rollback_of == NONE else rollback_of,
    )
