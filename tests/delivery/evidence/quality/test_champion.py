"""A candidate is compared with the champion by the data of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.evidence.quality.champion import gather
from tests.delivery.bentos import write_splits
from tests.delivery.evidence.splits import frames
from tests.delivery.evidence.trials import paired, scored, tiny_bento, tried


def test_a_first_release_has_no_champion(tmp_path: Path) -> None:
    assert gather(scored(tried(tiny_bento(tmp_path)), paired(tmp_path / "data"))) is None


def test_the_champion_tells_until_when_it_was_trained(tmp_path: Path) -> None:
    champion = tiny_bento(tmp_path, "r-0", contract={"trained_until": "2013-05-31"})
    trial = tried(tiny_bento(tmp_path), champion, retrain=False, reason="a new library")
    sides = paired(tmp_path / "data")
    evidence = gather(scored(trial, sides))
    assert evidence is not None
    assert (evidence.losses, evidence.conflicts) == (sides.losses, ())
    assert (evidence.trained_until, evidence.holdout_from) == ("2013-05-31", "2013-07-01T00:00:00")
    assert list(evidence.segments) == ["carrier"]
    assert (evidence.retrain, evidence.reason) == (False, "a new library")


def test_data_that_contradicts_the_base_is_told(tmp_path: Path) -> None:
    own, base = frames(), frames()
    own["holdout"].loc[3, "late"] = not own["holdout"].loc[3, "late"]
    write_splits(tmp_path / "own", own)
    trial = tried(
        tiny_bento(tmp_path),
        tiny_bento(tmp_path, "r-0"),
        data=tmp_path / "own",
        base_data=write_splits(tmp_path / "base", base),
    )
    evidence = gather(scored(trial, paired(tmp_path / "data")))
    assert evidence is not None
    assert len(evidence.conflicts) == 1
    assert "column late of 1 rows" in evidence.conflicts[0]


@pytest.mark.parametrize("compared", [True, False])
def test_what_cannot_be_compared_holds_and_keeps_the_reason(tmp_path: Path, compared: bool) -> None:
    """Either there are no scores, or the base's data is not there."""
    trial = tried(
        tiny_bento(tmp_path),
        tiny_bento(tmp_path, "r-0"),
        base_data=tmp_path / "nowhere",
        reason="urgent",
    )
    write_splits(tmp_path / "data", frames())
    sides = paired(tmp_path / "data") if compared else "no answer"
    evidence = gather(scored(trial, sides))
    assert evidence is not None
    assert (evidence.losses, evidence.reason) == (None, "urgent")
    assert ("cannot be read" if compared else "no answer") in evidence.missing
