"""What is older than it may be goes, in whole segments."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import pytest

from delivery.predictions.pruning import prune
from serving.segments.folder import FEEDBACK
from tests.delivery.predictions.places import MADE, asked, found, told

LINES = {
    "predictions": [
        [asked("a", "x", day="2026-11-01")],
        [asked("b", "x", day="2026-11-01"), asked("c", "x", day="2026-11-20")],
        [asked("d", "x", day="2026-11-21")],
    ],
    "feedback": [[told("a", True, day="2026-11-19")]],
}


@pytest.mark.parametrize("made", MADE)
def test_a_segment_goes_when_its_newest_line_is_too_old(tmp_path: Path, made: str) -> None:
    place = MADE[made](tmp_path, **LINES)
    planned = prune(place, date(2026, 11, 20), dry_run=True)
    assert (planned.segments, planned.left) == (2, 2)
    assert len(found(place)) == 4
    assert prune(place, date(2026, 11, 20), dry_run=False) == planned
    assert sorted(line["request_id"] for line in found(place)) == ["b", "c", "d"]
    assert found(place, FEEDBACK) == []


def test_journals_of_old_shadows_go_too(tmp_path: Path) -> None:
    place = MADE["folder"](tmp_path, **LINES)
    old, new = (tmp_path / f"shadow-{number}.jsonl" for number in "12")
    for path, day in ((old, "2026-11-19"), (new, "2026-11-20")):
        path.write_text("{}")
        at = datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
        os.utime(path, (at, at))
    assert prune(place, date(2026, 11, 20), dry_run=False).segments == 3
    assert (old.exists(), new.exists()) == (False, True)
