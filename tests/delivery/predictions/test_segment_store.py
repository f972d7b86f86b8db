"""A store of segments as a place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from delivery.errors import StoreError
from serving.segments.folder import PREDICTIONS
from serving.segments.store import Store
from tests.delivery.predictions.places import asked, found, store


def test_a_store_gives_no_older_days(tmp_path: Path) -> None:
    days = ("2026-11-26", "2026-11-27", "2026-11-28")
    place = store(tmp_path, predictions=[[asked(day, "x", day=day)] for day in days])
    assert [line["request_id"] for line in found(place, since=date(2026, 11, 27))] == [*days[1:]]


def test_what_is_broken_is_an_error_of_ours(tmp_path: Path) -> None:
    place = store(tmp_path, predictions=[[asked("a", "x")]])
    (stored,) = Store(str(tmp_path)).find(PREDICTIONS)
    (tmp_path / stored.name).write_bytes(b"broken")
    with pytest.raises(StoreError, match="broken"):
        found(place)
