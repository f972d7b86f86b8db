"""A transition of an attempt: what a tick did, and the event that tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from delivery.context import Context
from delivery.deployment.strategies.action import Begin, BeginShadow, Hold, Reject
from delivery.events.event import Event, State
from delivery.gates.rollout.shadow import GATE
from delivery.gates.verdict import Verdict, blocking
from delivery.state.history import Attempt


@dataclass(frozen=True, slots=True)
class Step:
    """What a tick came upon and did. `transition` is an event's kind, or says in words why there
    was none."""

    environment: str
    release: str
    state: State
    transition: str
    verdicts: tuple[Verdict, ...] = ()
    idle: bool = False  # the environment wants nothing

    @property
    def final(self) -> bool:
        return self.idle or self.state.final


def record_event(
    context: Context, attempt: Attempt, kind: str, evidence: Mapping[str, Any]
) -> bool:
    """Write an event. Who comes second leaves the winner's: nothing is written, and it is False, if
    something else happened to the attempt since it was read."""
    event = Event(
        attempt.environment.name,
        attempt.commit,
        kind,
        attempt.desired.wanted.release,
        attempt.target,
        evidence,
    )
    return context.events.write(event, [event.kind for event in attempt.events])


def begun(action: Begin | BeginShadow, verdicts: tuple[Verdict, ...]) -> Mapping[str, Any]:
    """What a step or a shadow is, and the verdicts because of which it began."""
    return {**asdict(action), **{k: v for k, v in summary(verdicts).items() if k != "why"}}


def because(action: Reject | Hold, verdicts: tuple[Verdict, ...]) -> Mapping[str, Any]:
    """The same, with the reason of the strategy where it gives one."""
    return {**summary(verdicts), **({"why": action.why} if action.why else {})}


def summary(verdicts: tuple[Verdict, ...]) -> Mapping[str, Any]:
    """The evidence that goes into the tag: short, and what is needed to understand it."""
    reasons = {verdict.gate: verdict.override for verdict in verdicts if verdict.override}
    return {
        "why": "; ".join(f"{v.gate}: {v.measured}" for v in blocking(verdicts)),
        "verdicts": {verdict.gate: verdict.status for verdict in verdicts},
        # Nobody can measure it again: logs are rotated.
        **{v.gate: v.measured for v in verdicts if v.gate == GATE},
        **({"overrides": reasons} if reasons else {}),
    }
