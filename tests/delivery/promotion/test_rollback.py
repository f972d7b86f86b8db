"""The pull request of a rollback says why, and goes where the release before was verified."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.errors import HeldError
from delivery.forge.protocol import Pull
from delivery.promotion.rollback import propose_rollback, rollback_of
from delivery.state.desired import ReleaseRef
from tests.delivery.place import World
from tests.delivery.racing import race
from tests.origin import Origin, version

ONE, TWO, THREE = "r-111111111111", "r-222222222222", "r-333333333333"
ENV = "production"


@pytest.fixture
def world(origin: Origin) -> World:
    return World(origin.path, lambda _: None)


def failed(origin: Origin, *kinds: str, of: str = "none") -> None:
    """An attempt at TWO after THREE and ONE, with what happened to it. Its file is wrong about
    what runs."""
    for release in (THREE, ONE):
        origin.happened(ENV, origin.want(ENV, release), "verified", release)
    attempt = origin.want(ENV, TWO, THREE, of)
    for kind in kinds:
        origin.happened(ENV, attempt, kind, TWO)


@pytest.mark.parametrize("kinds", [("deployed", "rejected"), ("deployed", "verified", "revoked-1")])
def test_it_names_the_events_because_of_which(
    origin: Origin, world: World, kinds: tuple[str, ...]
) -> None:
    failed(origin, *kinds)
    history = world.snapshot().history(ENV)
    proposal = rollback_of(history, history.previous)
    assert [reason["event"] for reason in proposal.evidence.because] == [kinds[-1]]
    assert proposal.evidence.rollback_of == TWO
    desired = proposal.desired
    assert (desired.wanted, desired.previous, desired.rollback_of) == (
        version(ONE), version(THREE), TWO,
    )  # fmt: skip
    assert all(f"- {kind}" in proposal.report for kind in kinds)


@pytest.mark.parametrize("kinds", [(), ("deployed",), ("verified",), ("superseded",)])
def test_what_did_not_fail_is_not_rolled_back(
    origin: Origin, world: World, kinds: tuple[str, ...]
) -> None:
    failed(origin, *kinds)
    assert propose_rollback(world, ENV) is None
    assert world.forge.pulls() == ()


def test_a_rollback_that_failed_waits_for_a_person(origin: Origin, world: World) -> None:
    failed(origin, "rejected", of=THREE)
    assert propose_rollback(world, ENV) is None
    assert propose_rollback(world, ENV, by_person=True) is not None


def test_what_stays_warm_is_the_newest_that_stood(origin: Origin, world: World) -> None:
    failed(origin, "rejected")
    propose_rollback(world, ENV)
    desired = world.snapshot().desired(ENV)
    assert (desired.wanted.release, desired.previous.release) == (ONE, THREE)


def test_the_first_release_is_rolled_back_to_none(origin: Origin, world: World) -> None:
    origin.happened(ENV, origin.want(ENV, TWO), "rejected", TWO)
    propose_rollback(world, ENV)
    assert world.snapshot().desired(ENV).wanted == ReleaseRef()


def test_an_edited_rollback_does_not_merge_itself(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.happened(ENV, origin.promote(ENV, ONE), "verified", ONE)
    attempt = origin.promote(ENV, TWO, ONE)
    origin.happened(ENV, attempt, "rejected", TWO)
    branch = f"rollback/{ENV}/{attempt[:12]}"
    monkeypatch.setattr(type(world.forge), "merges_itself", False)
    propose_rollback(world, ENV)
    head = origin.git("ls-remote", "origin", f"refs/heads/{branch}").split()[0]
    edited = origin.repository.commit_files(head, {"model/evil.py": "x\n"}, "More")
    origin.git("push", "--quiet", "origin", f"{edited}:refs/heads/{branch}")
    monkeypatch.setattr(type(world.forge), "merges_itself", True)
    with pytest.raises(HeldError, match="not the generated rollback"):
        propose_rollback(world, ENV)


def test_a_rollback_that_many_propose_at_the_same_moment_is_merged_for_all_of_them(
    origin: Origin, world: World
) -> None:
    failed(origin, "rejected")
    pulls = race(lambda _: propose_rollback(world, ENV), 4)
    told = [pull for pull in pulls if pull is not None]  # None: it was merged before
    assert all(isinstance(pull, Pull) and pull.state == "merged" for pull in told), pulls
    assert [pull.state for pull in world.forge.pulls()] == ["merged"]


def test_a_rollback_that_was_merged_since_we_looked_leaves_nothing_open(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(origin, "rejected")
    opens = world.forge.open

    def later(*arguments: Any) -> Pull:
        monkeypatch.undo()
        propose_rollback(world, ENV)
        return opens(*arguments)

    monkeypatch.setattr(world.forge, "open", later)
    assert propose_rollback(world, ENV) is None
    assert [pull.state for pull in world.forge.pulls()] == ["merged", "closed"]
