"""The shadows and steps of a rollout, as the events of its attempt tell them.

Each is written before it is put in force, so a kill between the two is made good by whoever
comes next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from delivery.events.event import Event, State

INCONCLUSIVE = State.INCONCLUSIVE.kind.event
SHADOW = State.SHADOWING.kind.event


@dataclass(frozen=True, slots=True)
class Step:
    """The candidate's `share` (percent) beside `champion`. `header` names the request header that
    says who asks. `begun` is a moment, in seconds since 1970."""

    number: int
    share: int
    champion: str
    header: str = ""
    begun: float = 0.0

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What its event says of it; number and moment are the event's own."""
        return {"share": self.share, "champion": self.champion, "header": self.header}


@dataclass(frozen=True, slots=True)
class Shade:
    """A shadow: the candidate answers what `champion` was asked. The router copies `mirror` percent
    of the predictions. `begun` is a moment, in seconds since 1970."""

    number: int
    champion: str
    mirror: int
    begun: float = 0.0


def shades_of(events: Sequence[Event]) -> Sequence[Shade]:
    """The shadows of an attempt, oldest first: one beside each champion."""
    return [_shade(event) for event in events if _name(event) == SHADOW]


def steps_of(events: Sequence[Event]) -> Sequence[Step]:
    """All of an attempt, oldest first."""
    return [_step(event) for event in events if _name(event) == State.ROLLING.kind.event]


def comparable(events: Sequence[Event]) -> Sequence[Step]:
    """The newest steps, as far as they have the same champion."""
    steps = steps_of(events)
    others = [place for place, step in enumerate(steps) if step.champion != steps[-1].champion]
    return steps[others[-1] + 1 :] if others else steps


def waits_since(events: Sequence[Event]) -> float:
    """When the present wait for samples began: with the newest shadow or step, or with its
    extension."""
    relevant = (SHADOW, State.ROLLING.kind.event, INCONCLUSIVE)
    return max((_moment(event) for event in events if _name(event) in relevant), default=0.0)


def _step(event: Event) -> Step:
    share, champion = int(event.evidence["share"]), str(event.evidence["champion"])
    header, number = str(event.evidence["header"]), int(event.kind.rpartition("-")[2])
    return Step(number, share, champion, header, _moment(event))


def _shade(event: Event) -> Shade:
    champion, mirror = str(event.evidence["champion"]), int(event.evidence["mirror"])
    return Shade(int(event.kind.rpartition("-")[2]), champion, mirror, _moment(event))


def _name(event: Event) -> str:
    return event.kind.partition("-")[0]


def _moment(event: Event) -> float:
    return datetime.fromisoformat(event.at).timestamp()
