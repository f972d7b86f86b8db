"""A report on a pull request names the commit that was judged, and what came of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.gates.verdict import Status, Verdict
from delivery.report.stamp import Stamp, read_stamp, stamp
from tests.delivery.report.judged import judgement

COMMIT = "a" * 40


@pytest.mark.parametrize(
    ("status", "override", "outcome"),
    [
        ("pass", "", "passes"),
        ("fail", "", "is refused"),
        ("hold", "", "is held"),
        ("fail", "urgent", "passes"),
    ],
)
def test_what_is_written_is_read_back(status: Status, override: str, outcome: str) -> None:
    verdict = Verdict("load", status, "m", "r", "w", override=override)
    made = stamp(replace(judgement({}), verdicts=(verdict,)), COMMIT)
    assert made == Stamp(COMMIT, outcome)
    assert made.passes == (outcome == "passes")
    assert read_stamp(f"### A report\n\n{made.line}\n") == made


@pytest.mark.parametrize("comment", ["", "### Not judged", f"Judged: commit {COMMIT[:12]} passes."])
def test_a_comment_without_one_is_of_nothing_judged(comment: str) -> None:
    assert read_stamp(comment) is None
