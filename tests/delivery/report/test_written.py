"""What `write` leaves: the three forms, of a judgement with scores and of one without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.gates.judgement import Judgement
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
