"""What recalibration would gain is measured for both models on the same rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from delivery.evidence.quality.calibration import gather
from delivery.evidence.trial import PairedScores
from tests.delivery.evidence.trials import paired, scored, tiny_bento, tried


def squeezed(sides: PairedScores) -> PairedScores:
    """The candidate's scores half as sure, on the scale of logits."""
    logits = np.log(sides.candidate / (1 - sides.candidate)) / 2
    return replace(sides, candidate=1 / (1 + np.exp(-logits)))


def test_a_candidate_that_is_half_as_sure_would_gain_and_its_slope_says_so(tmp_path: Path) -> None:
    sides = paired(tmp_path / "data", rows=2_000)
    trial = tried(tiny_bento(tmp_path), tiny_bento(tmp_path, "r-0"))
    evidence = gather(scored(trial, squeezed(sides)))
    assert evidence.gains is not None
    assert evidence.gains.candidate.mean() > 10 * abs(evidence.gains.reference.mean())
    assert evidence.shown["candidate"]["slope"] == pytest.approx(2, abs=0.3)
    assert evidence.loss == pytest.approx(float(sides.losses.reference.mean()))
    assert (evidence.gains.clusters == sides.holdout.clusters).all()
    assert not evidence.first


@pytest.mark.parametrize("side", ["candidate", "reference"])
def test_one_score_that_is_no_number_leaves_nothing_to_say(tmp_path: Path, side: str) -> None:
    sides = paired(tmp_path / "data")
    scores = getattr(sides, side).copy()
    scores[7] = np.nan
    broken = scored(tried(tiny_bento(tmp_path)), replace(sides, **{side: scores}))
    evidence = gather(broken)
    assert (evidence.gains, evidence.missing, evidence.first) == (
        None,
        "some scores are not finite",
        True,
    )


def test_without_scores_the_reason_is_told(tmp_path: Path) -> None:
    evidence = gather(scored(tried(tiny_bento(tmp_path)), "no answer"))
    assert (evidence.gains, evidence.missing, evidence.first) == (None, "no answer", True)
