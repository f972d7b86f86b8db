"""What events tell of experiments, and when one runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from delivery.events.event import Event, State, is_kind, is_note, state_of
from delivery.events.experiments import Experiment, experiments_of, running

ATTEMPT = "a" * 40
SAID = Experiment(0, ATTEMPT, "r-one", "r-two", {"share": 50}).evidence


def event(kind: str, evidence: Any = None) -> Event:
    moment = "2026-11-27T10:00:00+00:00"
    return Event("production", ATTEMPT, kind, "r-one", "local", evidence or {}, moment, "tester")


VERIFIED, STARTED = event("verified"), event("experiment-1", SAID)


def test_it_runs_from_its_event_to_its_conclusion() -> None:
    assert running([VERIFIED]) is None
    now = running([VERIFIED, STARTED])
    assert now is not None
    assert (now.number, now.champion, now.challenger, now.by) == (1, "r-one", "r-two", "tester")
    ended = [VERIFIED, STARTED, event("concluded-1", {"result": "winner"})]
    assert running(ended) is None
    assert experiments_of(ended)[0].conclusion == {"result": "winner"}


def test_it_begins_at_the_moment_of_its_event_if_that_has_one() -> None:
    now = running([VERIFIED, STARTED])
    assert now is not None
    assert now.begun == datetime(2026, 11, 27, 10, tzinfo=UTC).timestamp()
    timeless = running([VERIFIED, replace(STARTED, at="")])
    assert timeless is not None
    assert timeless.begun == 0


def test_it_ends_with_what_it_runs_beside() -> None:
    assert running([VERIFIED, STARTED, event("revoked-1")]) is None


def test_a_conclusion_ends_its_own_alone() -> None:
    events = [VERIFIED, STARTED, event("concluded-1", {"result": "void"})]
    now = running([*events, event("experiment-2", SAID)])
    assert now is not None
    assert now.number == 2


def test_each_puts_other_clients_first() -> None:
    first, second = (Experiment(number, ATTEMPT, "r-one", "r-two") for number in (1, 2))
    assert len({first.salt, second.salt, ATTEMPT}) == 3


def test_what_runs_stays_verified() -> None:
    assert state_of([VERIFIED, STARTED]) is State.VERIFIED
    assert [is_note(one) for one in (VERIFIED, STARTED)] == [False, True]
    assert [is_kind(kind) for kind in ("experiment-1", "concluded-2", "experiment", "trial-1")] == [
        True, True, False, False,
    ]  # fmt: skip
