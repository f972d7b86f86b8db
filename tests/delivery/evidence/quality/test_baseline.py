"""Only a first release is compared with a dummy."""

from __future__ import annotations

from pathlib import Path

from delivery.evidence.quality.baseline import gather
from tests.delivery.evidence.trials import paired, scored, tiny_bento, tried


def test_a_first_release_is_compared_row_by_row(tmp_path: Path) -> None:
    sides = paired(tmp_path / "data")
    evidence = gather(scored(tried(tiny_bento(tmp_path)), sides))
    assert evidence is not None
    assert (evidence.losses, evidence.missing) == (sides.losses, "")


def test_a_first_release_without_scores_says_why(tmp_path: Path) -> None:
    evidence = gather(scored(tried(tiny_bento(tmp_path)), "the model refuses a row"))
    assert evidence is not None
    assert (evidence.losses, evidence.missing) == (None, "the model refuses a row")


def test_beside_a_champion_there_is_nothing_to_judge(tmp_path: Path) -> None:
    trial = tried(tiny_bento(tmp_path), tiny_bento(tmp_path, "r-0"))
    assert gather(scored(trial, paired(tmp_path / "data"))) is None
