"""The Lease of who watches, as an object in a cluster."""

from __future__ import annotations

import time

import pytest

from delivery.manifests.objects import Object
from delivery.targets.kubernetes.dividing import lease
from delivery.targets.kubernetes.dividing.lease import NAME, split_of, watched
from delivery.targets.kubernetes.routing.record import Record
from delivery.targets.split import Split
from tests.delivery.targets.kubernetes.memory import Memory

SPLIT = Split("a" * 40, 1, "r-111111111111", "r-222222222222", 5, "X-User")


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setattr(lease, "BEAT", 0.02)
    return Record(Memory(), NAME)  # type: ignore[arg-type]


def renewed(record: Record) -> bool:
    """Is it renewed in the next moment?"""
    before, deadline = record.read(), time.monotonic() + 0.5
    while time.monotonic() < deadline:
        if record.read()["spec"].get("renewTime") != before["spec"].get("renewTime"):
            return True
        time.sleep(0.01)
    return False


def holder(found: Object) -> str | None:
    return found["spec"].get("holderIdentity")


def test_it_says_how_clients_are_divided_and_is_renewed_until_the_end(record: Record) -> None:
    assert split_of(record.read()) is None
    with watched(record) as mine:
        assert not renewed(record)  # there is nothing to watch yet
        mine.carry(SPLIT)
        assert split_of(record.read()) == SPLIT
        assert holder(record.read()) == mine.identity
        assert renewed(record)
        mine.end()
        time.sleep(0.05)
        assert not renewed(record)
    assert holder(record.read()) is None
    assert split_of(record.read()) == SPLIT


def test_another_watcher_takes_it_and_the_first_one_leaves_it_alone(record: Record) -> None:
    with watched(record) as first, watched(record) as second:
        first.carry(SPLIT)
        second.carry(SPLIT)
        first.close()
        assert holder(record.read()) == second.identity
        assert renewed(record)
