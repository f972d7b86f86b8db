"""Which earlier releases are the best is read from what main recorded."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import StoreError
from delivery.gates.quality.best import Policy
from delivery.judgement.rivals import UNKNOWN, find_rivals, recorded_levels
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from delivery.state.record import record_path, render_record
from tests.delivery.place import World
from tests.origin import Origin, record, version

A, B, C, D = (f"r-{letter * 12}" for letter in "abcd")


def run(origin: Origin, release: str, judged: Any, *events: str, of: str = "none") -> str:
    """An attempt at production, with the evidence that it was proposed with."""
    desired = render_desired(Desired(version(release), version(""), of))
    files = {
        desired_path("production"): desired,
        evidence_path("production"): json.dumps({"release": release, "judged": judged}),
        record_path(release): render_record(record(release)),
    }
    attempt = origin.push(files, f"Want {release}")
    for event in events:
        origin.happened("production", attempt, event, release)
    return attempt


def beat(champion: str, ratio: float) -> dict[str, Any]:
    return {"champion": champion, "loss": ratio * 0.4, "champion_loss": 0.4}


FIRST = {"champion": None, "loss": 0.5, "champion_loss": 0.7}


@pytest.fixture
def world(origin: Origin) -> World:
    return World(origin.path, lambda _: None)


def levels(world: World, months: int = 12) -> dict[str, float]:
    return dict(recorded_levels(world.snapshot(), months))


def rivals(world: World, candidate: str = "r-new", **policy: int) -> list[str]:
    found = find_rivals(world, world.snapshot(), candidate, Policy(**policy))
    return [subject.release for subject in found.subjects]


def test_losses_are_added_up_along_the_chain(origin: Origin, world: World) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, beat(A, 1.1), "verified")
    run(origin, C, beat(B, 0.8), "verified")
    found = levels(world)
    assert found == pytest.approx({A: 0, B: math.log(1.1), C: math.log(1.1 * 0.8)})
    assert rivals(world) == [], "the champion is the best"


def test_the_best_by_record_are_asked_first(origin: Origin, world: World) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, beat(A, 0.9), "verified")
    run(origin, C, beat(B, 1.05), "verified")
    run(origin, D, beat(C, 1.1), "verified")
    assert rivals(world) == [B, C, A]
    assert rivals(world, releases=1) == [B]
    assert rivals(world, candidate=B) == [C, A]


def test_what_did_not_last_is_no_rival(origin: Origin, world: World) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, beat(A, 0.5), "verified", "revoked-1")
    run(origin, C, beat(A, 0.5), "rejected")
    run(origin, D, beat(A, 1.1), "verified")
    assert rivals(world) == [A]


def test_a_rollback_keeps_the_record_of_the_release(origin: Origin, world: World) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, beat(A, 1.1), "verified", "revoked-1")
    run(origin, A, None, "verified", of=B)
    assert levels(world) == {A: 0}


def test_a_record_that_says_nothing_is_asked_before_all_others(
    origin: Origin, world: World
) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, {"champion": A}, "verified")
    run(origin, C, beat(B, 1.1), "verified")
    assert levels(world) == {A: 0, B: UNKNOWN, C: UNKNOWN}
    assert set(rivals(world)) == {A, B}


def test_what_is_too_old_is_no_rival(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setitem(os.environ, name, "2020-01-01T00:00:00Z")
    run(origin, A, FIRST, "verified")
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setitem(os.environ, name, "2020-12-01T00:00:00Z")
    run(origin, B, beat(A, 1.1), "verified")
    assert rivals(world, months=12) == [A]
    assert rivals(world, months=6) == []
    assert levels(world, 6) == pytest.approx({B: math.log(1.1)}), "its chain is older"


def test_bytes_that_cannot_be_had_are_missing(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, beat(A, 1.1), "verified")

    def gone(*_: object) -> Path:
        raise StoreError("the remote has no such object")

    monkeypatch.setattr(World, "bento", gone)
    found = find_rivals(world, world.snapshot(), "r-new", Policy())
    assert (found.subjects, found.missing) == ((), "the remote has no such object")
