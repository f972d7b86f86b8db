"""Earlier releases are asked about the rows of today, if they can be."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from delivery.bento.bento import Bento
from delivery.errors import StoreError, TargetError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.holdout import read_holdout
from delivery.evidence.predictions import Answer
from delivery.evidence.quality import best
from delivery.evidence.quality.best import earlier_releases, gather, recorded_levels
from delivery.evidence.trial import PairedScores, Submission, Trial
from delivery.gates.policy import GatesPolicy
from delivery.gates.quality.best import Evidence, Policy
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from delivery.state.history import UNKNOWN
from delivery.state.record import record_path, render_record
from serving.contract import Task
from tests.delivery.bentos import write_splits
from tests.delivery.place import World
from tests.origin import Origin, record, version
from tests.serving.tiny import tiny_contract, tiny_frame, write_tiny_model


class Desk:
    """Every release answers a half, or what it was told to."""

    def __init__(self, answer: Answer | Exception | None = None) -> None:
        self.answer = answer

    def holdout(self, _: Bento, holdout: Any) -> Answer:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or Answer(np.full(len(holdout), 0.5))


@pytest.fixture
def sides(tmp_path: Path) -> PairedScores:
    folder = write_splits(tmp_path / "data", {"holdout": tiny_frame(100)})
    holdout = read_holdout(Evaluation(folder), tiny_contract(), None)
    scores = np.full(len(holdout), 0.9)
    return PairedScores(tiny_contract(), holdout, scores, scores, "champion")


def rival(folder: Path, task: Task = "binary", **variation: Any) -> Bento:
    subject = Bento("r-old", folder / "r-old")
    write_tiny_model(subject.model, task, **variation)
    return subject


class Scored(Trial):
    """A trial whose scores are given."""

    given: PairedScores | str = "not scored"
    scores = property(lambda self: self.given)  # type: ignore[assignment]


def submitted(world: World, candidate: str) -> Submission:
    """A candidate of that name, on its way to production."""
    named: Any = SimpleNamespace(bento=Bento(candidate, Path("bento")))
    snapshot = world.snapshot()
    return Submission(world, snapshot, named, snapshot.environment("production"))


def compare(*earlier: Bento, sides: PairedScores | None, answer: Any = None) -> Any:
    """What is gathered where the record names the `earlier` releases as the best."""
    submission: Any = "one that the record is asked about"
    bento, evaluation = Bento("r-new", Path("bento")), Evaluation(Path("data"))
    trial = Scored(bento, None, evaluation, GatesPolicy(), Desk(answer), submission)  # type: ignore[arg-type]
    object.__setattr__(trial, "given", sides or "not scored")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best, "earlier_releases", lambda *_: earlier)
        return gather(trial)


def test_both_losses_on_the_same_rows(sides: PairedScores, tmp_path: Path) -> None:
    (found,) = compare(rival(tmp_path), sides=sides).losses.values()
    assert found.reference == pytest.approx(np.log(2))
    assert (found.candidate == sides.losses.candidate).all()


@pytest.mark.parametrize(
    ("task", "variation", "answer", "text"),
    [
        ("multiclass", {}, None, "answers another question"),
        ("binary", {"contract": {"trained_until": "2013-07-02"}}, None, "has seen the answers"),
        ("binary", {}, Answer(None, "no column miles"), "no column miles"),
    ],
)
def test_one_that_cannot_be_asked_is_left_out_and_says_why(
    sides: PairedScores, tmp_path: Path, task: Task, variation: Any, answer: Any, text: str
) -> None:
    found = compare(rival(tmp_path, task, **variation), sides=sides, answer=answer)
    assert (found.losses, found.missing) == ({}, "")
    assert text in found.left_out["r-old"]


def test_one_that_does_not_start_is_missing(sides: PairedScores, tmp_path: Path) -> None:
    found = compare(rival(tmp_path), sides=sides, answer=TargetError("exit 1"))
    assert found.missing == "r-old: exit 1"


def test_without_scores_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert "no scores" in compare(rival(tmp_path), sides=None).missing
    assert compare(sides=None).missing == ""


def test_a_bento_that_nobody_wants_to_release_is_compared_with_nothing() -> None:
    bento, evaluation = Bento("r-new", Path("bento")), Evaluation(Path("data"))
    trial = Trial(bento, None, evaluation, GatesPolicy(), Desk())  # type: ignore[arg-type]
    assert gather(trial) == Evidence()


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


def asked_again(world: World, candidate: str = "r-new", **policy: int) -> list[str]:
    earlier = earlier_releases(submitted(world, candidate), Policy(**policy))
    return [bento.id for bento in earlier]


def test_losses_are_added_up_along_the_chain(origin: Origin, world: World) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, beat(A, 1.1), "verified")
    run(origin, C, beat(B, 0.8), "verified")
    found = levels(world)
    assert found == pytest.approx({A: 0, B: math.log(1.1), C: math.log(1.1 * 0.8)})
    assert asked_again(world) == [], "the champion is the best"


def test_the_best_by_record_are_asked_first(origin: Origin, world: World) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, beat(A, 0.9), "verified")
    run(origin, C, beat(B, 1.05), "verified")
    run(origin, D, beat(C, 1.1), "verified")
    assert asked_again(world) == [B, C, A]
    assert asked_again(world, releases=1) == [B]
    assert asked_again(world, candidate=B) == [C, A]


def test_what_did_not_last_is_no_rival(origin: Origin, world: World) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, beat(A, 0.5), "verified", "revoked-1")
    run(origin, C, beat(A, 0.5), "rejected")
    run(origin, D, beat(A, 1.1), "verified")
    assert asked_again(world) == [A]


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
    assert set(asked_again(world)) == {A, B}


def test_what_is_too_old_is_no_rival(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setitem(os.environ, name, "2020-01-01T00:00:00Z")
    run(origin, A, FIRST, "verified")
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setitem(os.environ, name, "2020-12-01T00:00:00Z")
    run(origin, B, beat(A, 1.1), "verified")
    assert asked_again(world, months=12) == [A]
    assert asked_again(world, months=6) == []
    assert levels(world, 6) == pytest.approx({B: math.log(1.1)}), "its chain is older"


def test_bytes_that_cannot_be_had_are_missing(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(origin, A, FIRST, "verified")
    run(origin, B, beat(A, 1.1), "verified")

    def gone(*_: object) -> Path:
        raise StoreError("the remote has no such object")

    monkeypatch.setattr(World, "bento", gone)
    bento, evaluation = Bento("r-new", Path("bento")), Evaluation(Path("data"))
    submission, policy = submitted(world, "r-new"), GatesPolicy()
    trial = Trial(bento, None, evaluation, policy, Desk(), submission)  # type: ignore[arg-type]
    assert gather(trial) == Evidence(missing="the remote has no such object")
