"""What is live is judged again: what fails is revoked, what is missing only holds."""

from __future__ import annotations

import pytest

from delivery.commands.verify import verify
from delivery.errors import HeldError
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Status
from tests.delivery.commands.live import ENV, ONE, TWO, two_releases
from tests.delivery.place import Place, World, judgement
from tests.origin import Origin


@pytest.fixture
def world(origin: Origin) -> World:
    return two_releases(origin)


@pytest.mark.parametrize(
    ("status", "dry_run", "revoked"),
    [("pass", False, False), ("hold", False, False), ("fail", True, False), ("fail", False, True)],
)
def test_only_a_failing_gate_revokes(
    world: World, monkeypatch: pytest.MonkeyPatch, status: Status, dry_run: bool, revoked: bool
) -> None:
    monkeypatch.setattr("delivery.deployment.active.judge_live", judgement(status))
    result = verify(world, ENV, dry_run=dry_run)
    assert (result.release, result.revoked) == (TWO, revoked)
    assert world.places[ENV].shares == ({ONE: 100} if revoked else {TWO: 100})


def test_what_was_mended_while_it_was_judged_is_not_revoked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = judgement("fail")

    def judge(*arguments: object) -> Judgement:
        world.places[ENV].url += "/elsewhere"  # a supervisor started it anew
        return failing(*arguments)

    monkeypatch.setattr("delivery.deployment.active.judge_live", judge)
    with pytest.raises(HeldError, match=f"{TWO} or its router was restarted"):
        verify(world, ENV, dry_run=False)
    assert world.places[ENV].shares == {TWO: 100}


def test_what_is_not_verified_cannot_be_verified_again(origin: Origin, world: World) -> None:
    origin.want("staging", ONE)
    with pytest.raises(HeldError, match="`delivery deploy staging`"):
        verify(world, "staging", dry_run=True)


def test_the_only_release_is_revoked_and_keeps_the_traffic_until_a_person_decides(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.happened(ENV, origin.promote(ENV, ONE), "verified", ONE)
    place = Place(ENV, running={ONE: True}, shares={ONE: 100})
    world = World(origin.path, lambda _: None, {ENV: place})
    monkeypatch.setattr("delivery.deployment.active.judge_live", judgement("fail"))
    assert verify(world, ENV, dry_run=False).revoked
    assert place.shares == {ONE: 100}
    assert world.snapshot().history(ENV).failed(ONE) is not None
