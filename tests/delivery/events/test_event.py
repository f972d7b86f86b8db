"""A state is what events add up to; tags of before are read."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.events.event import STATES, Event, State, in_order, next_kind, parse_event, state_of
from tests.origin import tag_message

ATTEMPT = "a" * 40


def event(kind: str) -> Event:
    return Event("staging", ATTEMPT, kind, "r-000000000001", "local", {"why": "é"})


@pytest.mark.parametrize("kind", ["deployed", "verified", "rejected", "superseded", "revoked-2"])
def test_parsing_is_the_inverse_of_rendering(kind: str) -> None:
    assert parse_event(event(kind).tag, tag_message(event(kind))) == event(kind)


@pytest.mark.parametrize(
    "tag", ["promo/staging/abc/deployed", f"promo/staging/{ATTEMPT}/celebrated", "v1.0"]
)
def test_another_tag_is_named(tag: str) -> None:
    with pytest.raises(InputError, match=tag):
        parse_event(tag, tag_message(event("deployed")))


@pytest.mark.parametrize("kind", ["verified-1", "revoked", "inconclusive-", "", "celebrated"])
def test_only_what_may_happen_again_has_a_number(kind: str) -> None:
    with pytest.raises(InputError, match="expected promo"):
        parse_event(f"promo/staging/{ATTEMPT}/{kind}", tag_message(event("deployed")))


@pytest.mark.parametrize(("place", "target"), [("", "rehearsal"), ("rehearsal/", "local")])
def test_a_message_from_another_place_than_its_tag_is_named(place: str, target: str) -> None:
    """What was rehearsed must not be taken for what happened, nor the other way round."""
    message = tag_message(Event("staging", ATTEMPT, "verified", "r-000000000001", target))
    with pytest.raises(InputError, match=f"it happened in {target}"):
        parse_event(f"promo/staging/{ATTEMPT}/{place}verified", message)


def test_a_rehearsal_has_tags_of_its_own() -> None:
    made = Event("staging", ATTEMPT, "verified", "r-000000000001", "rehearsal")
    assert made.tag == f"promo/staging/{ATTEMPT}/rehearsal/verified"
    assert parse_event(made.tag, tag_message(made)) == made


def test_every_state_but_the_first_comes_from_an_event_of_its_own() -> None:
    assert len(STATES) == len(State)
    for state in list(State)[1:]:
        name = f"{state.kind.event}-1" if state.kind.numbered else state.kind.event
        assert state_of([event(name)] * state.kind.times) is state


def test_a_state_is_open_or_final_and_says_what_comes_next() -> None:
    assert [state for state in State if not state.final] == [
        State.MERGED, State.ANALYSING, State.SHADOWING, State.ROLLING,
    ]  # fmt: skip
    assert [state for state in State if state.failed] == [State.REJECTED, State.REVOKED]
    assert all(state.kind.next_step for state in State)


def test_a_message_that_is_not_an_event_is_named() -> None:
    with pytest.raises(InputError, match="message"):
        parse_event(event("deployed").tag, "by hand")


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ([], State.MERGED),
        (["deployed"], State.ANALYSING),
        (["deployed", "inconclusive-1", "inconclusive-2"], State.ANALYSING),
        (["deployed", "inconclusive-1", "inconclusive-2", "inconclusive-3"], State.INCONCLUSIVE),
        (["deployed", "verified"], State.VERIFIED),
        (["deployed", "inconclusive-1", "verified"], State.VERIFIED),
        (["deployed", "verified", "revoked-1"], State.REVOKED),
        (["deployed", "rejected"], State.REJECTED),
        (["rejected"], State.REJECTED),
        (["deployed", "superseded"], State.SUPERSEDED),
        # Two who did not see each other: the later state counts.
        (["rejected", "verified"], State.REJECTED),
        (["superseded", "verified"], State.VERIFIED),
        (["superseded", "rejected"], State.REJECTED),
        (["inconclusive-1", "inconclusive-2", "inconclusive-3", "superseded"], State.SUPERSEDED),
        (["verified", "rejected", "superseded", "revoked-1"], State.REVOKED),
    ],
)
def test_state(kinds: list[str], state: State) -> None:
    events = [event(kind) for kind in kinds]
    assert state_of(events) is state
    assert state_of(events[::-1]) is state


def test_numbered_kinds_count_up() -> None:
    assert next_kind([], "revoked") == "revoked-1"
    assert next_kind([event("revoked-1"), event("inconclusive-1")], "revoked") == "revoked-2"


def test_events_of_one_second_keep_their_order() -> None:
    kinds = [
        "deployed", "inconclusive-1", "inconclusive-2", "inconclusive-10", "verified", "revoked-1",
    ]  # fmt: skip
    assert [found.kind for found in in_order(event(kind) for kind in sorted(kinds))] == kinds
