"""Events are tags; a state is what they add up to."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.state.events import Event, State, in_order, next_kind, parse_event, state_of

ATTEMPT = "a" * 40


def event(kind: str) -> Event:
    return Event("staging", ATTEMPT, kind, "r-000000000001", "local", {"why": "é"})


@pytest.mark.parametrize("kind", ["deployed", "verified", "rejected", "superseded", "revoked-2"])
def test_parsing_is_the_inverse_of_rendering(kind: str) -> None:
    assert parse_event(event(kind).tag, event(kind).message()) == event(kind)


@pytest.mark.parametrize(
    "tag", ["promo/staging/abc/deployed", f"promo/staging/{ATTEMPT}/celebrated", "v1.0"]
)
def test_another_tag_is_named(tag: str) -> None:
    with pytest.raises(InputError, match=tag):
        parse_event(tag, event("deployed").message())


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
    kinds = ["deployed", "inconclusive-1", "inconclusive-2", "verified", "revoked-1"]
    assert [found.kind for found in in_order(event(kind) for kind in sorted(kinds))] == kinds
