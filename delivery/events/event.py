"""What happened to an attempt, and the state that events add up to.

Events stand in signed logs: `delivery.events.log`. Before there were logs, each was an
annotated tag, which is still read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from delivery.errors import InputError
from delivery.git.refs import TAGS, Grammar, event_tag, parse_ref

MAX_INCONCLUSIVE = 3
REHEARSAL = "rehearsal"
RETURN = "move the traffic to the previous release and propose the rollback"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event, and what holds of an attempt once it happened."""

    event: str
    next_step: str  # what the next tick of a deployment does
    colour: str = "default"
    final: bool = True  # nothing more happens to the attempt by itself
    failed: bool = False
    numbered: bool = False  # may happen again, as `revoked-2`
    times: int = 1  # how often it has to happen


class State(Enum):
    """Where an attempt stands, and the kind of event that brought it there: a line for each.

    The lines are in the order in which events happen. The last state that was reached counts.
    """

    # fmt: off
    MERGED = "merged", Kind("", "start it beside what runs", "yellow", final=False)
    # It runs beside the others, ready, without traffic.
    ANALYSING = "analysing", Kind(
        "deployed", "judge it, and move the traffic to it if it passes", "yellow", final=False)
    # It answers what the champion was asked, and no client sees that.
    SHADOWING = "in shadow", Kind(
        "shadow", "compare what it answers with what the champion answers", "yellow",
        final=False, numbered=True)
    # A share of the clients meets it: delivery.events.steps says what a step tells.
    ROLLING = "rolling out", Kind(
        "step", "watch what its share of the traffic shows", "yellow", final=False, numbered=True)
    # Evidence was missing too often.
    INCONCLUSIVE = "inconclusive", Kind(
        "inconclusive", "wait for a person", numbered=True, times=MAX_INCONCLUSIVE)
    # Main asked for something else first.
    SUPERSEDED = "superseded", Kind("superseded", "wait for a person")
    # It passed its active gates and has the traffic.
    VERIFIED = "verified", Kind("verified", "see that it is up and has the traffic", "green")
    # It failed them.
    REJECTED = "rejected", Kind("rejected", RETURN, failed=True)
    # It was verified, and is not any more.
    REVOKED = "revoked", Kind("revoked", RETURN, failed=True, numbered=True)
    # fmt: on

    _value_: str
    kind: Kind

    def __new__(cls, value: str, kind: Kind) -> State:
        member = object.__new__(cls)
        member._value_ = value
        member.kind = kind
        return member

    @property
    def final(self) -> bool:
        """Nothing more happens to this attempt by itself."""
        return self.kind.final

    @property
    def is_watched(self) -> bool:
        """Does somebody have to watch, or else it stops where it is?"""
        return self in (State.SHADOWING, State.ROLLING)

    @property
    def failed(self) -> bool:
        return self.kind.failed


STATES = {state.kind.event: state for state in State}  # by the event that leads there, in order
# Numbered kinds that leave the state of their attempt as it is: delivery.events.experiments and
# delivery.events.freezes say what they tell.
NOTES = ("experiment", "concluded", "frozen", "thawed")


@dataclass(frozen=True, slots=True)
class Event:
    """One step. `kind` carries its number, as in `revoked-1`.

    `target` is where it happened. What happened in a rehearsal counts for rehearsals only. `at` is
    the moment by its writer's clock (ISO 8601) and `by` who wrote it; both are empty for one that
    is not written yet, and for a tag.
    """

    environment: str
    attempt: str
    kind: str
    release: str
    target: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    at: str = field(default="", compare=False)
    by: str = field(default="", compare=False)

    @property
    def tag(self) -> str:
        """The name of its tag, before there were logs."""
        return event_tag(self.environment, self.attempt, self.kind, rehearsed=self.rehearsed)

    @property
    def rehearsed(self) -> bool:
        return self.target == REHEARSAL


def parse_event(tag: str, message: str) -> Event:
    """An event as a tag had it, before there were logs. InputError for any other tag."""
    try:
        content = json.loads(message)
        release, target, evidence = content["release"], content["target"], content["evidence"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"tag {tag}: its message is not that of an event ({error})") from error
    ref = parse_ref(TAGS + tag)
    known = ref is not None and ref.grammar in (Grammar.EVENT, Grammar.REHEARSED)
    if ref is None or not known or not is_kind(ref.fields["event"]):
        raise InputError(f"tag {tag}: expected promo/<env>/<attempt>/<event>; delete it on origin")
    fields = ref.fields
    event = Event(
        fields["environment"], fields["attempt"], fields["event"], release, target, evidence
    )
    if event.tag != tag:
        raise InputError(f"tag {tag}: its message says that it happened in {target}")
    return event


def is_kind(event: str) -> bool:
    """Is this a kind of event, with its number if it has one?"""
    name, dash, _ = event.partition("-")
    numbered = name in NOTES or (name in STATES and STATES[name].kind.numbered)
    return name in (*STATES, *NOTES) and numbered == bool(dash)


def is_note(event: Event) -> bool:
    """Does it leave the state of its attempt as it is?"""
    return event.kind.partition("-")[0] in NOTES


def state_of(events: Sequence[Event]) -> State:
    """The state that the events of one attempt add up to, whatever their order."""
    names = [event.kind.partition("-")[0] for event in events]
    reached = [
        state for state in State if names.count(state.kind.event) >= state.kind.times
    ]  # fmt: skip
    return reached[-1] if reached else State.MERGED


def in_order(events: Iterable[Event]) -> Sequence[Event]:
    """Events of tags as they happened: those have no sub-second times, but an attempt has one
    direction."""
    order = list(STATES)

    def place(event: Event) -> tuple[int, int]:
        name, _, number = event.kind.partition("-")
        return order.index(name), int(number or 0)

    return sorted(events, key=place)


def count(events: Sequence[Event], kind: str) -> int:
    """How many numbered events of a kind there are."""
    return sum(event.kind.startswith(f"{kind}-") for event in events)


def next_kind(events: Sequence[Event], kind: str) -> str:
    """The next numbered kind, as `inconclusive-2`."""
    return f"{kind}-{count(events, kind) + 1}"
