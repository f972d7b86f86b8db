"""What is older than it may be goes, in whole segments."""

from __future__ import annotations

from datetime import date
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
