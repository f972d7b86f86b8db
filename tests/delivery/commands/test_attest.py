"""Attesting writes where there is doubt, and says so where its own key does not count.

What it does to forged, cut and lost logs: tests/negative/test_events.py.
"""

from __future__ import annotations

import pytest

from delivery.commands.attest import AttestRequest, attest
from delivery.errors import HeldError, InputError
from delivery.git.refs import LogName
from delivery.trust.keys import own_public_key
from tests.delivery.place import World
from tests.origin import Origin

ONE = "r-111111111111"
RUNNER = """\
environments: {staging: {target: {kind: local, port: 7101}}}
trust:
  runner:
    may: [events]
    key: |
"""


@pytest.fixture
def world(origin: Origin) -> World:
    """A log with an event of a key that main's policy does not list any more."""
    origin.happened("staging", origin.want("staging", ONE), "deployed", ONE)
    other = own_public_key({"XDG_DATA_HOME": str(origin.path.parent / "runner")}, make=True)
    assert other is not None
    pem = "".join(f"      {line}\n" for line in other.pem.splitlines())
    origin.push({"delivery.yaml": RUNNER + pem})
    return World(origin.path, lambda _: None)


def test_a_key_that_may_not_write_events_vouches_for_nothing(world: World) -> None:
    with pytest.raises(HeldError, match="delivery key --events"):
        attest(world, AttestRequest("staging", "I say so"))


def test_a_key_that_may_write_them_does(
    world: World, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = origin.path.parent / "runner/model-delivery/signing.pem"
    monkeypatch.setenv("DELIVERY_EVENT_KEY", runner.read_text())
    fresh = World(origin.path, lambda _: None)
    assert len(attest(fresh, AttestRequest("staging", "I looked")).doubts) == 1
    (log, rehearsals) = fresh.snapshot().ledger.logs("staging")
    assert [event.kind for event in log.events] == ["deployed"]
    assert rehearsals.head == "", "nobody ever wrote there"


def test_a_dry_run_writes_nothing(world: World) -> None:
    before = world.snapshot().ledger.log(LogName("staging")).head
    assert attest(world, AttestRequest("staging", dry_run=True)).doubts
    assert world.snapshot().ledger.log(LogName("staging")).head == before


def test_an_environment_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(InputError, match="'prod'"):
        attest(world, AttestRequest("prod", "w"))
