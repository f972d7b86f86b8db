"""What the attempts at one environment add up to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from delivery.events.event import Event, State
from delivery.state.desired import Desired
from delivery.state.evidence_file import EvidenceFile, JudgedBytes
from delivery.state.history import ADMITTED, CLOSES, UNKNOWN, Attempt, History
from tests.delivery.place import environment
from tests.origin import version

ONE, TWO, THREE = "r-111111111111", "r-222222222222", "r-333333333333"
PLACE = environment("production", upstream="staging")
LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00Z")


def attempt(
    wanted: str,
    *kinds: str,
    previous: str = "",
    of: str = "none",
    elsewhere: Sequence[str] = (),
    merged: str = "2024-06-01T12:00:00Z",
) -> Attempt:
    def events(names: Sequence[str], target: str) -> tuple[Event, ...]:
        return tuple(Event("production", "a" * 40, name, wanted, target) for name in names)

    desired = Desired(version(wanted), version(previous), of)
    here, there = events(kinds, "local"), events(elsewhere, "rehearsal")
    return Attempt(PLACE, "local", "a" * 40, desired, here, there, merged)


def rejected_as_a_file(wanted: str) -> Attempt:
    """Nobody proposed it, so no release was looked at."""
    evidence = {"why": "by hand", ADMITTED: False}
    event = Event("production", "a" * 40, "rejected", wanted, "local", evidence)
    return replace(attempt(wanted), events=(event,))


def closed(made: Attempt) -> Attempt:
    """A person asked for the route to be closed."""
    *before, last = made.events
    return replace(made, events=(*before, replace(last, evidence={CLOSES: True})))


def history(*attempts: Attempt) -> History:
    """From attempts in the order in which they happened."""
    return History(PLACE, attempts[::-1])


UNREADABLE = replace(attempt(""), malformed="it is a poem")


@pytest.mark.parametrize(
    ("made", "verified", "previous"),
    [
        (attempt(TWO, "verified"), TWO, ONE),
        (attempt(TWO, "deployed"), ONE, ONE),
        (attempt(TWO, "verified", "revoked-1"), ONE, ONE),
        (attempt(TWO, previous=THREE, of=THREE), ONE, ONE),
        (attempt(TWO, "rejected", previous=THREE), ONE, ONE),
        (attempt(ONE, "deployed", "rejected"), "none", "none"),
        (rejected_as_a_file(ONE), ONE, ONE),
        (attempt("", previous=THREE), ONE, ONE),
        (UNREADABLE, ONE, ONE),
        (closed(attempt(ONE, "verified", "revoked-1")), "none", "none"),
    ],
)
def test_what_was_verified_last_has_the_traffic_whatever_a_newer_file_says(
    made: Attempt, verified: str, previous: str
) -> None:
    happened = history(attempt(ONE, "verified"), made)
    assert (happened.verified.release, happened.previous.release) == (verified, previous)


def test_what_failed_after_it_was_verified_is_not_verified_though_it_was_tried_again() -> None:
    happened = history(
        attempt(ONE, "verified"),
        attempt(TWO, "verified"),
        attempt(TWO, "verified", "revoked-1"),
        attempt(TWO, "deployed"),
    )
    assert happened.verified.release == ONE


def test_a_closed_route_stays_closed_until_something_is_verified() -> None:
    shut = (attempt(ONE, "verified"), closed(attempt(TWO, "verified", "revoked-1")))
    for after in ((), (attempt("", of=TWO),), (UNREADABLE,), (attempt(THREE, "deployed"),)):
        happened = history(*shut, *after)
        assert happened.closed
        assert not happened.verified.exists
    opened = history(*shut, attempt(THREE, "verified"))
    assert not opened.closed
    assert opened.verified.release == THREE


def test_an_attempt_that_cannot_be_read_was_rejected() -> None:
    assert UNREADABLE.state is State.REJECTED
    assert (UNREADABLE.why, UNREADABLE.subject) == ("it is a poem", "a" * 12)
    assert not UNREADABLE.admitted


def test_the_last_event_says_why() -> None:
    assert rejected_as_a_file(ONE).why == "by hand"
    assert (attempt(ONE).why, attempt(ONE, "verified").why) == ("", "")
    assert attempt(ONE).subject == ONE


def test_events_of_elsewhere_count_where_nothing_happened_here() -> None:
    assert history(attempt(ONE, elsewhere=["verified"])).anywhere.verified.release == ONE
    assert not history(attempt(ONE, "deployed", elsewhere=["verified"])).anywhere.verified.exists


def test_a_file_that_was_not_admitted_is_no_attempt_at_its_release() -> None:
    happened = history(attempt(ONE, "verified"), rejected_as_a_file(ONE))
    assert happened.verified_at(ONE) == 1
    assert happened.failed(ONE) is None
    revoked = history(attempt(ONE, "verified", "revoked-1"), rejected_as_a_file(ONE))
    assert revoked.failed(ONE) == revoked.attempts[1]


def test_the_newest_attempt_at_a_release_says_whether_it_is_verified() -> None:
    happened = history(attempt(ONE, "verified"), attempt(TWO, "verified"), attempt(ONE, "rejected"))
    assert happened.verified_at(TWO) == 1
    assert happened.verified_at(ONE) is None
    assert happened.verified_at(THREE) is None


@pytest.mark.parametrize("kind", ["rejected", "revoked-1"])
def test_a_release_that_was_rejected_or_revoked_failed(kind: str) -> None:
    happened = history(attempt(ONE, "verified"), attempt(TWO, kind))
    assert happened.failed(TWO) == happened.attempts[0]
    assert happened.failed(ONE) is None
    assert happened.failed(THREE) is None


def test_a_release_that_came_back_did_not_fail() -> None:
    assert history(attempt(ONE, "rejected"), attempt(ONE, "verified")).failed(ONE) is None


def test_the_fallback_is_the_newest_that_still_stands() -> None:
    happened = history(
        attempt(ONE, "verified"), attempt(TWO, "verified"), attempt(THREE, "verified"), attempt("")
    )
    assert happened.fallback(THREE).release == TWO
    assert happened.fallback(ONE).release == THREE
    assert not history(attempt(ONE, "verified")).fallback(ONE).exists


@pytest.mark.parametrize("kind", ["rejected", "revoked-1"])
def test_what_was_verified_once_and_failed_since_is_no_fallback(kind: str) -> None:
    happened = history(
        attempt(ONE, "verified"), attempt(TWO, "verified"), attempt(TWO, kind), attempt(THREE)
    )
    assert happened.fallback(THREE).release == ONE


def test_only_a_promotion_that_passed_makes_a_release_one_to_return_to() -> None:
    assert history(attempt(ONE, "verified", "revoked-1")).ever_verified(ONE)
    assert history(attempt(ONE, elsewhere=["verified"])).ever_verified(ONE)
    assert not history(attempt(ONE, "deployed")).ever_verified(ONE)
    assert not history(attempt(ONE, "verified", of=TWO)).ever_verified(ONE)


def judged(champion: str | None, loss: float) -> EvidenceFile:
    losses = JudgedBytes(champion=champion, loss=loss, champion_loss=0.5)
    return EvidenceFile(release="r", judged=losses)


def test_losses_add_up_along_the_chain_of_champions() -> None:
    happened = history(
        attempt(ONE, "verified"), attempt(TWO, "verified"), attempt(THREE, "verified")
    )
    said = {ONE: judged(None, 0.6), TWO: judged(ONE, 0.4), THREE: None}
    levels = happened.recorded_levels(lambda made: said[made.desired.wanted.release], LONG_AGO)
    assert levels == {ONE: 0.0, TWO: pytest.approx(math.log(0.8)), THREE: UNKNOWN}


def test_a_release_stands_if_it_was_verified_lately_and_did_not_fail() -> None:
    happened = history(
        attempt(ONE, "verified", merged="2019-12-31T23:59:59Z"),
        attempt(TWO, "verified", merged="2020-01-01T00:00:00Z"),
        attempt(THREE, "verified"),
        attempt(THREE, "rejected"),
    )
    assert list(happened.recorded_levels(lambda _: None, LONG_AGO)) == [TWO]


LOSSES = [
    (JudgedBytes(champion=ONE, loss=0.4, champion_loss=0.5), math.log(0.8)),
    (JudgedBytes(champion=ONE, loss=0.4), UNKNOWN),
    (JudgedBytes(champion=ONE, champion_loss=0.5), UNKNOWN),
    (JudgedBytes(champion=ONE, loss=0.0, champion_loss=0.5), UNKNOWN),  # its logarithm is none
    (JudgedBytes(champion=ONE, loss=0.4, champion_loss=0.0), UNKNOWN),
    (JudgedBytes(champion=THREE, loss=0.4, champion_loss=0.5), UNKNOWN),  # nobody measured that
    (JudgedBytes(champion_loss=0.5), UNKNOWN),
]


@pytest.mark.parametrize(("found", "level"), LOSSES)
def test_a_level_needs_both_losses_and_a_champion_with_a_level(
    found: JudgedBytes, level: float
) -> None:
    happened = history(attempt(ONE, "verified"), attempt(TWO, "verified"))
    said = {ONE: judged(None, 0.6), TWO: EvidenceFile(release="r", judged=found)}
    levels = happened.recorded_levels(lambda made: said[made.desired.wanted.release], LONG_AGO)
    assert levels[TWO] == pytest.approx(level, nan_ok=True)


OLD, NEW = "2019-12-31T23:59:59Z", "2020-01-01T00:00:00Z"


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
def test_once_lately_is_enough_to_stand(order: tuple[str, str]) -> None:
    """Whatever clock a merge had."""
    happened = history(*(attempt(ONE, "verified", merged=merged) for merged in order))
    assert list(happened.recorded_levels(lambda _: None, LONG_AGO)) == [ONE]


def test_what_is_no_end_takes_no_standing_away() -> None:
    """Neither an environment that was emptied, nor a second try that is still going on, nor a file
    that nobody admitted."""
    happened = history(
        attempt(ONE, "verified"), attempt(""), attempt(ONE, "deployed"), rejected_as_a_file(ONE),
        attempt(TWO, "verified"),
    )  # fmt: skip
    assert list(happened.recorded_levels(lambda _: None, LONG_AGO)) == [ONE, TWO]


def test_a_release_that_a_rollback_alone_verified_stands_at_no_known_level() -> None:
    happened = history(attempt(ONE, "verified", of=TWO))
    assert happened.recorded_levels(lambda _: judged(None, 0.6), LONG_AGO) == {ONE: UNKNOWN}


def imaged(wanted: str, image: str, *kinds: str, of: str = "none") -> Attempt:
    """An attempt at a version that runs from an image."""
    made = attempt(wanted, *kinds, of=of)
    return replace(
        made, desired=replace(made.desired, wanted=replace(version(wanted), image=image))
    )


def test_another_image_of_a_release_is_another_version() -> None:
    happened = history(imaged(ONE, "a", "verified"), imaged(ONE, "b", "verified"))
    assert happened.verified.image == "b"
    assert happened.previous.image == "a"
    assert not happened.beside.exists  # two images of one release do not stand beside each other
    assert happened.version(ONE).image == "b"
    assert happened.verified_at(ONE, "a") == 1
    assert happened.verified_at(ONE, "c") is None
    assert happened.ever_verified(ONE, "a")
    assert not happened.ever_verified(ONE, "c")


def test_an_image_that_failed_takes_the_other_nothing_away() -> None:
    happened = history(imaged(ONE, "a", "verified"), imaged(ONE, "b", "rejected"))
    assert (happened.verified.image, happened.previous.image) == ("a", "a")
    assert happened.failed(ONE, "b") is not None
    assert happened.failed(ONE, "a") is None
    again = history(*happened.attempts[::-1], imaged(ONE, "b", "deployed"))
    assert again.previous.image == "a"


def test_a_release_without_an_image_is_the_same_from_any() -> None:
    """It was verified as processes."""
    happened = history(attempt(ONE, "verified"), attempt(TWO, "verified"))
    assert happened.verified_at(ONE, "a") == 1
    assert happened.version(ONE).image == "none"
    assert happened.version(THREE).release == THREE
