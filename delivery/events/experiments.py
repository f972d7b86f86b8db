"""The experiments of an attempt, as its events tell them.

`experiment-N` says what is compared and by which settings, and is written before any client meets
the challenger. `concluded-N` ends it. An experiment runs beside what is verified, so it ends as
well when its attempt does not stand any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from delivery.events.event import Event, State, state_of

STARTED, CONCLUDED = "experiment", "concluded"


@dataclass(frozen=True, slots=True)
class Experiment:
    """`challenger` beside `champion`. `settings` are those of delivery.yaml at its beginning, which
    is a moment (seconds since 1970). `conclusion` is what its end says; None while it runs."""

    number: int
    attempt: str
    champion: str
    challenger: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    begun: float = 0.0
    by: str = ""
    conclusion: Mapping[str, Any] | None = None

    @property
    def salt(self) -> str:
        """Who is in which slot: other clients than in any rollout or experiment before."""
        text = f"{self.attempt} {STARTED}-{self.number}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What its first event says of it; number and moment are the event's own."""
        return {
            "champion": self.champion,
            "challenger": self.challenger,
            "settings": dict(self.settings),
        }


def experiments_of(events: Sequence[Event]) -> Sequence[Experiment]:
    """All of an attempt, oldest first."""
    ends = {_number(event): event.evidence for event in events if _name(event) == CONCLUDED}
    return [
        _experiment(event, ends.get(_number(event)))
        for event in events
        if _name(event) == STARTED
    ]  # fmt: skip


def running(events: Sequence[Event]) -> Experiment | None:
    """The experiment that clients take part in, given the events of the newest attempt."""
    experiments = experiments_of(events)
    last = experiments[-1] if experiments else None
    stands = state_of(events) is State.VERIFIED
    return last if last and stands and last.conclusion is None else None


def _experiment(event: Event, conclusion: Mapping[str, Any] | None) -> Experiment:
    evidence = event.evidence
    return Experiment(
        number=_number(event),
        attempt=event.attempt,
        champion=str(evidence["champion"]),
        challenger=str(evidence["challenger"]),
        settings=evidence["settings"],
        begun=datetime.fromisoformat(event.at).timestamp() if event.at else 0.0,
        by=event.by,
        conclusion=conclusion,
    )


def _name(event: Event) -> str:
    return event.kind.partition("-")[0]


def _number(event: Event) -> int:
    return int(event.kind.rpartition("-")[2])
