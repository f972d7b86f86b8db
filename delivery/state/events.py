"""What happened to an attempt: annotated tags, and the state they add up to.

    tag                                          meaning
    promo/<env>/<attempt>/deployed               runs beside the others, ready, without traffic
    promo/<env>/<attempt>/verified               passed its active gates and has the traffic
    promo/<env>/<attempt>/rejected               failed them
    promo/<env>/<attempt>/inconclusive-<n>       evidence was missing, for the n-th time
    promo/<env>/<attempt>/revoked-<n>            was verified, and is not any more
    promo/<env>/<attempt>/superseded             main asked for something else first
    promo/<env>/<attempt>/rehearsal/<event>      the same, where nothing stayed up afterwards

The attempt is the first-parent commit of main that changed the environment's desired.yaml. The
message is canonical JSON. Creating a tag is compare-and-swap: who comes second reads the winner.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from delivery.errors import InputError

MAX_INCONCLUSIVE = 3
REHEARSAL = "rehearsal"
TAG = re.compile(
    r"^promo/(?P<environment>[a-z][a-z0-9-]*)/(?P<attempt>[0-9a-f]{40})/(?P<place>rehearsal/)?"
    r"(?P<kind>deployed|verified|rejected|superseded|(?:inconclusive|revoked)-(?P<number>\d+))$"
)


class State(Enum):
    """Where an attempt stands."""

    MERGED = "merged"
    ANALYSING = "analysing"
    VERIFIED = "verified"
    REJECTED = "rejected"
    REVOKED = "revoked"
    INCONCLUSIVE = "inconclusive"
    SUPERSEDED = "superseded"

    @property
    def final(self) -> bool:
        """Nothing more happens to this attempt by itself."""
        return self not in (State.MERGED, State.ANALYSING)

    @property
    def failed(self) -> bool:
        return self in (State.REJECTED, State.REVOKED)


@dataclass(frozen=True, slots=True)
class Event:
    """One tag. `kind` carries its number, as in `revoked-1`.

    `target` is where it happened. What happened in a rehearsal counts for rehearsals only.
    """

    environment: str
    attempt: str
    kind: str
    release: str
    target: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        place = f"{REHEARSAL}/" if self.rehearsed else ""
        return f"promo/{self.environment}/{self.attempt}/{place}{self.kind}"

    @property
    def rehearsed(self) -> bool:
        return self.target == REHEARSAL

    def message(self) -> str:
        """Canonical JSON: sorted keys, no spaces."""
        content = {"release": self.release, "target": self.target, "evidence": self.evidence}
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parse_event(tag: str, message: str) -> Event:
    """The inverse of `Event.tag` and `Event.message`. InputError for any other tag."""
    match = TAG.match(tag)
    try:
        content = json.loads(message)
        release, target, evidence = content["release"], content["target"], content["evidence"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"tag {tag}: its message is not that of an event ({error})") from error
    if match is None:
        raise InputError(f"tag {tag}: expected promo/<env>/<attempt>/<event>; delete it on origin")
    event = Event(match["environment"], match["attempt"], match["kind"], release, target, evidence)
    if event.tag != tag:
        raise InputError(f"tag {tag}: its message says that it happened in {target}")
    return event


def state_of(events: Sequence[Event]) -> State:
    """The state that the events of one attempt add up to, whatever their order."""
    kinds = {event.kind for event in events}
    if count(events, "revoked"):
        return State.REVOKED
    if "rejected" in kinds:
        return State.REJECTED
    if "verified" in kinds:
        return State.VERIFIED
    if "superseded" in kinds:
        return State.SUPERSEDED
    if count(events, "inconclusive") >= MAX_INCONCLUSIVE:
        return State.INCONCLUSIVE
    return State.ANALYSING if "deployed" in kinds else State.MERGED


ORDER = ("deployed", "inconclusive", "superseded", "rejected", "verified", "revoked")


def in_order(events: Iterable[Event]) -> Sequence[Event]:
    """As they happened: tags have no sub-second times, but an attempt has one direction."""

    def place(event: Event) -> tuple[int, int]:
        name, _, number = event.kind.partition("-")
        return ORDER.index(name), int(number or 0)

    return sorted(events, key=place)


def count(events: Sequence[Event], kind: str) -> int:
    """How many numbered events of a kind there are."""
    return sum(event.kind.startswith(f"{kind}-") for event in events)


def next_kind(events: Sequence[Event], kind: str) -> str:
    """The next numbered kind, as `inconclusive-2`."""
    return f"{kind}-{count(events, kind) + 1}"
