"""A signature that counts is proposed; one that does not leaves main as it is."""

from __future__ import annotations

import pytest

from delivery.commands import sign as command
from delivery.commands.sign import sign
from delivery.errors import InputError, RefusedError
from delivery.gates.verdict import Status, Verdict
from delivery.state.record import signature_path
from tests.delivery.place import World
from tests.origin import Origin

ONE = "r-111111111111"


@pytest.fixture
def world(origin: Origin) -> World:
    origin.want("staging", ONE)
    return World(origin.path, lambda _: None)


def made(monkeypatch: pytest.MonkeyPatch, status: Status) -> None:
    verdict = Verdict("signature", status, "m", "r", "no such key", {"key": "a" * 64})
    monkeypatch.setattr(command, "new_signature", lambda *_: ("signed\n", None))
    monkeypatch.setattr(command.signature, "judge", lambda _: verdict)


def test_a_signature_that_counts_is_a_pull_request_with_one_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(monkeypatch, "pass")
    result = sign(world, ONE)
    assert result.pull.head == f"sign/{ONE}"
    assert result.pull.labels == ("signature",)
    world.repository.run("fetch", "--quiet", "origin", f"refs/heads/sign/{ONE}")
    changed = world.repository.run("diff", "--name-only", "origin/main", "FETCH_HEAD")
    assert changed == signature_path(ONE)


def test_one_that_does_not_count_is_refused_and_nothing_is_pushed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(monkeypatch, "fail")
    with pytest.raises(RefusedError, match=f"{ONE} stays as it is: no such key"):
        sign(world, ONE)
    assert world.forge.pulls() == ()


def test_a_release_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(InputError, match="r-222222222222"):
        sign(world, "r-222222222222")
