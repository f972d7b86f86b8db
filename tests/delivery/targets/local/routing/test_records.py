"""The files of the records of one attempt, oldest first."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_what_was_moved_away_comes_first(records: Records) -> None:
    for number in (10, 2, 1):
        (records.folder / f"access.log.{number}").touch()
    (records.folder / "access.log.gz").touch()
    assert [file.name for file in records.files()] == [
        "access.log.1", "access.log.2", "access.log.10", "access.log",
    ]  # fmt: skip
