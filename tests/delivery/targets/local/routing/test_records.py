"""The files of the records of one attempt, oldest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.targets.local.routing import records as module
from delivery.targets.local.routing.records import Records


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path)


def reopen(records: Records) -> None:
    """As Traefik does."""
    records.file.touch()


def test_another_attempt_begins_with_nothing(records: Records) -> None:
    records.begin("one", lambda: reopen(records))
    records.file.write_text("a line\n")
    records.miss()
    records.begin("one", lambda: reopen(records))
    assert (records.file.read_text(), records.lost) == ("a line\n", True)
    records.begin("two", lambda: reopen(records))
    assert (records.file.read_text(), records.lost) == ("", False)


def test_what_grew_large_is_put_beside(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE", 2)
    for number in range(12):
        records.file.write_text(f"line {number}\n")
        records.rotate(lambda: reopen(records))
    assert [file.read_text() for file in records.files()] == [
        *(f"line {number}\n" for number in range(12)), "",
    ]  # fmt: skip
    records.rotate(lambda: reopen(records))
    assert len(records.files()) == 13, "an empty one is not large"
