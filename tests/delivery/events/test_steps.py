"""The steps of a rollout are read from its events."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.events.event import Event, State, state_of
from delivery.events.steps import Shade, Step, comparable, shades_of, steps_of, waits_since


def event(kind: str, second: int, **evidence: Any) -> Event:
    at = f"1970-01-01T00:00:{second:02d}+00:00"
    return Event("staging", "a" * 40, kind, "r-two", "local", evidence, at)


def step(number: int, share: int, champion: str = "r-one") -> Event:
    return event(f"step-{number}", number, share=share, champion=champion, header="X-User")


def test_a_step_is_what_its_event_says() -> None:
    events = [event("deployed", 0), step(1, 5), step(2, 25)]
    assert state_of(events) is State.ROLLING
    first, second = steps_of(events)
    assert first == Step(1, 5, "r-one", "X-User", 1.0)
    assert second.evidence == step(2, 25).evidence


def test_a_wait_begins_with_the_step_or_with_its_extension() -> None:
    events = [event("deployed", 0), step(1, 5)]
    assert waits_since(events) == 1.0
    assert waits_since([*events, event("inconclusive-1", 9)]) == 9.0


@pytest.mark.parametrize(
    ("champions", "numbers"),
    [(["r-a"], [1]), (["r-a", "r-a"], [1, 2]), (["r-a", "r-b"], [2]),
     (["r-a", "r-b", "r-b", "r-a"], [4]), ([], [])],
)  # fmt: skip
def test_only_steps_beside_the_same_champion_compare(
    champions: list[str], numbers: list[int]
) -> None:
    events = [step(place + 1, 5, champion) for place, champion in enumerate(champions)]
    assert [found.number for found in comparable(events)] == numbers


def test_who_never_rolled_out_has_waited_since_the_beginning_of_time() -> None:
    assert waits_since([]) == waits_since([event("deployed", 5)]) == 0.0


def test_a_step_beyond_the_ninth_has_its_number() -> None:
    assert [made.number for made in steps_of([step(9, 5), step(10, 25)])] == [9, 10]


def test_a_second_extension_is_one_too() -> None:
    assert waits_since([step(1, 5), event("inconclusive-1", 7), event("inconclusive-2", 9)]) == 9.0


def test_a_shadow_is_what_its_event_says_and_the_steps_come_after_it() -> None:
    events = [event("deployed", 0), event("shadow-1", 3, champion="r-one", mirror=10)]
    assert state_of(events) is State.SHADOWING
    assert State.SHADOWING.is_watched
    assert shades_of(events) == [Shade(1, "r-one", 10, 3.0)]
    assert waits_since(events) == 3.0
    assert steps_of(events) == []
    assert state_of([*events, step(4, 5)]) is State.ROLLING
    assert waits_since([*events, step(4, 5)]) == 4.0
