"""The Lease is changed whole or not at all, whoever writes beside."""

from __future__ import annotations

import pytest

from delivery.targets.kubernetes.kubectl import ConflictError
from tests.delivery.targets.kubernetes.conftest import Place


def test_two_that_write_at_once_both_get_through(place: Place) -> None:
    record = place.fence.record
    record.write_note("one", "1")
    calls = [0]

    def between() -> None:
        calls[0] += 1
        if calls[0] == 1:
            record.write_note("other", "2")

    place.memory.disturb = between
    record.write_note("one", "3")
    assert (record.note("one"), record.note("other")) == ("3", "2")
    record.write_note("one", "")
    assert record.note("one") == ""


def test_one_that_never_gets_through_gives_up(place: Place) -> None:
    record = place.fence.record
    record.write_note("one", "1")

    def always() -> None:
        place.memory.version += 1
        version = str(place.memory.version)
        place.memory.objects["Lease", "delivery"]["metadata"]["resourceVersion"] = version

    place.memory.disturb = always
    with pytest.raises(ConflictError):
        record.write_note("one", "2")
    assert record.note("one") == "1"
