"""Scores of validation come from the commit; a dummy of the training labels stands beside both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from delivery.errors import StoreError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.quality import too_good
from delivery.evidence.quality.too_good import SCORES, gather
from delivery.evidence.trial import Trial
from tests.delivery.bentos import write_splits
from tests.delivery.evidence.splits import frames
from tests.delivery.evidence.submitted import Desk, candidate
from tests.delivery.evidence.trials import paired, scored, tiny_bento, tried
from tests.origin import make_origin


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    desk = Desk(make_origin(tmp_path), tmp_path)
    trial = desk.trial(candidate(tmp_path))
    data = write_splits(tmp_path / "data", frames())
    scores = paired(tmp_path / "other", rows=len(frames()["holdout"]))
    trial = replace(trial, evaluation=Evaluation(data))
    return scored(trial, replace(scores, candidate=np.full(len(scores.holdout), 0.5)))


def keep(monkeypatch: pytest.MonkeyPatch, scores: object) -> None:
    """What the store has of the evaluation; None: dvc.lock does not name it."""
    locked = {} if scores is None else {SCORES: "0"}
    monkeypatch.setattr(too_good, "outputs", lambda *_: locked)

    def get(self: object, commit: str, path: str, place: Path) -> Path:
        if isinstance(scores, Exception):
            raise scores
        pd.DataFrame(scores).rename(columns=str).to_parquet(place)
        return place

    monkeypatch.setattr("delivery.storage.store.Store.get", get)


def test_both_exams_stand_beside_a_dummy(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    validation = frames()["validation"]
    late = validation["late"].to_numpy()
    keep(monkeypatch, np.where(late, 0.8, 0.2))
    found = gather(trial)
    assert found is not None
    assert found.validation is not None
    assert found.holdout is not None
    np.testing.assert_allclose(found.validation.candidate, -np.log(0.8))
    np.testing.assert_allclose(found.holdout.candidate, -np.log(0.5))
    share = frames()["train"]["late"].mean()
    expected = -np.log(np.where(late, share, 1 - share))
    np.testing.assert_allclose(found.validation.reference, expected)
    assert len(np.unique(found.validation.clusters)) == validation["day"].nunique()


@pytest.mark.parametrize(
    ("scores", "text"),
    [
        (None, "kept no scores of validation"),
        (np.full(3, 0.5), "has 3 rows, validation"),
        (StoreError("lost"), "lost"),
    ],
)
def test_why_nothing_is_compared_is_said(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, scores: object, text: str
) -> None:
    keep(monkeypatch, scores)
    found = gather(trial)
    assert found is not None
    assert (found.holdout, found.validation) == (None, None)
    assert text in found.missing


def test_without_scores_of_the_holdout_the_reason_is_theirs(trial: Trial) -> None:
    found = gather(scored(trial, "the bento refuses them"))
    assert found is not None
    assert found.missing == "the bento refuses them"


def test_what_no_commit_has_is_not_judged(tmp_path: Path) -> None:
    assert gather(tried(tiny_bento(tmp_path))) is None
