"""What `write` leaves: the three forms, of a judgement with scores and of one without."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.gates.judgement import Judgement
from delivery.gates.service.load import Evidence, Measured, Policy, judge
from delivery.report import write
from tests.delivery.report.judged import VERDICTS, evidence, judgement


@pytest.mark.parametrize("name", ["json", "markdown", "html"])
def test_a_judgement_without_scores_has_every_report(name: str, tmp_path: Path) -> None:
    bare = Judgement(VERDICTS, "r-1", None, {"judged": {"candidate": "r-1", "url": "http://h"}})
    assert "no load was measured" in getattr(write(bare, tmp_path), name).read_text("utf-8")


def test_the_json_is_the_judgement(tmp_path: Path) -> None:
    whole = judgement(evidence("binary"))
    text = write(whole, tmp_path).json.read_text(encoding="utf-8")
    assert Judgement.from_json(json.loads(text)).verdicts == whole.verdicts


def test_a_number_that_json_has_not_is_refused(tmp_path: Path) -> None:
    whole = judgement({"difference": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        write(whole, tmp_path)
    assert not (tmp_path / "report.json").exists()


def test_a_load_of_which_nothing_could_be_measured_has_every_report(tmp_path: Path) -> None:
    """Its gate fails or holds, and that has to reach a reader."""
    nothing = Measured(0, 0, *[math.nan] * 4, rate=0.0, seconds=1.0)
    verdict = judge(Evidence(nothing), Policy())
    report = write(replace(judgement(evidence("binary")), verdicts=(verdict,)), tmp_path)
    (read,) = Judgement.from_json(json.loads(report.json.read_text("utf-8"))).verdicts
    assert (read.status, read.details["p95_ms"]) == (verdict.status, None)
    assert report.html.exists()
