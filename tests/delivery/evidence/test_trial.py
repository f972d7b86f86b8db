"""What is expensive is found out once, and what cannot be is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from delivery.bento.bento import Bento
from delivery.evidence.predictions import Answer
from delivery.evidence.trial import Trial, judged
from delivery.gates.policy import GatesPolicy
from tests.delivery.bentos import write_splits
from tests.delivery.evidence.splits import frames
from tests.delivery.evidence.trials import Desk, paired, scored, tiny_bento, tried


class Counting(Desk):
    """A desk that notes whom it asked."""

    def __init__(self, **answers: Any) -> None:
        super().__init__(**answers)
        self.asked: list[str] = []

    def holdout(self, bento: Bento, holdout: Any) -> Answer:
        self.asked.append(bento.id)
        return super().holdout(bento, holdout)


@pytest.fixture
def splits(tmp_path: Path) -> dict[str, pd.DataFrame]:
    """Written where a trial looks for them."""
    made = frames()
    write_splits(tmp_path / "data", made)
    return made


def beside_champion(folder: Path, **answers: Any) -> Trial:
    return tried(tiny_bento(folder), tiny_bento(folder, "r-0"), Counting(**answers))


@pytest.mark.usefixtures("splits")
def test_both_models_are_asked_once(tmp_path: Path) -> None:
    trial = beside_champion(tmp_path, r_1=0.9, r_0=0.2)
    for _ in range(2):
        sides = trial.paired
        assert sides is not None
        assert (set(sides.candidate), set(sides.reference)) == ({0.9}, {0.2})
        assert (sides.kind, trial.missing) == ("champion", "")
    assert sorted(trial.predictions.asked) == ["r-0", "r-1"]  # type: ignore[attr-defined]
    models = trial.models(sides)
    assert [model.bento.id for model in models] == ["r-1", "r-0"]
    assert (models[0].scores is sides.candidate, models[1].scores is sides.reference) == (True,) * 2


def test_a_first_release_stands_beside_how_often_labels_occur(
    tmp_path: Path, splits: dict[str, pd.DataFrame]
) -> None:
    trial = tried(tiny_bento(tmp_path))
    sides = trial.paired
    assert sides is not None
    assert sides.kind == "baseline"
    assert sides.reference == pytest.approx(splits["train"]["late"].mean(), abs=0.01)
    assert [model.bento.id for model in trial.models(sides)] == ["r-1"]
    (tmp_path / "data" / "train.parquet").unlink()
    assert "train.parquet cannot be read" in tried(tiny_bento(tmp_path)).missing


def test_without_a_holdout_nobody_is_asked(tmp_path: Path) -> None:
    trial = beside_champion(tmp_path)
    assert "holdout.parquet cannot be read" in trial.missing
    assert trial.paired is None
    assert trial.predictions.asked == []  # type: ignore[attr-defined]
    assert trial.judged()["holdout_sha256"] is None


@pytest.mark.usefixtures("splits")
@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ({"r_1": Answer(None, "hour is 25")}, "hour is 25"),
        ({"r_0": Answer(None, "no column gust")}, "no column gust"),
        ({"r_0": Answer(np.zeros((500, 3)))}, "scores have shapes"),
    ],
)
def test_scores_that_cannot_be_compared_are_told(
    tmp_path: Path, answers: dict[str, Answer], text: str
) -> None:
    trial = beside_champion(tmp_path, **answers)
    assert text in trial.missing
    assert trial.paired is None
    assert "loss" not in trial.judged()


def test_what_both_were_made_from_is_known_where_it_is_here(tmp_path: Path) -> None:
    trial = beside_champion(tmp_path)
    assert trial.made == (tmp_path / "data", trial.bento.contract)
    assert trial.champion_made is None
    evaluation = replace(trial.evaluation, base_data=tmp_path / "base")
    here = replace(trial, evaluation=evaluation)
    assert here.champion is not None
    assert here.champion_made == (tmp_path / "base", here.champion.contract)
    assert replace(here, champion=None).champion_made is None


@pytest.mark.usefixtures("splits")
def test_what_was_judged_has_the_bytes_and_the_losses_that_are_numbers(tmp_path: Path) -> None:
    trial = beside_champion(tmp_path)
    assert trial.champion is not None
    facts = trial.judged()
    assert facts["candidate_sha256"] == trial.bento.sha256
    assert facts["champion_sha256"] == trial.champion.sha256
    assert facts["loss"] == facts["champion_loss"] == pytest.approx(np.log(2))
    assert (facts["retrain"], facts["reason"]) == (True, None)
    sides = paired(tmp_path / "other")
    scores = sides.candidate.copy()
    scores[0] = np.nan
    broken = scored(beside_champion(tmp_path), replace(sides, candidate=scores)).judged()
    assert "loss" not in broken
    assert np.isfinite(broken["champion_loss"])


@pytest.mark.usefixtures("splits")
def test_what_was_judged_says_how_many_answers_differ_from_the_champions(tmp_path: Path) -> None:
    trial = beside_champion(tmp_path, r_1=0.9, r_0=0.2)
    assert trial.champion is not None
    for bento, threshold in ((trial.bento, 0.5), (trial.champion, 0.3)):
        bento.__dict__["contract"] = bento.contract.model_copy(update={"threshold": threshold})
    assert trial.judged()["flips"] == 1.0
    trial.champion.__dict__["contract"] = trial.champion.contract.model_copy(
        update={"threshold": 0.1}
    )
    assert trial.judged()["flips"] == 0.0, "each decides by its own threshold"
    assert "flips" not in tried(tiny_bento(tmp_path)).judged()


def test_another_policy_is_another_judgement(tmp_path: Path) -> None:
    bento = tiny_bento(tmp_path)
    stricter = GatesPolicy.model_validate({"champion": {"margin": 0.01}})
    usual, strict = (judged(bento, None, policy) for policy in (GatesPolicy(), stricter))
    assert usual["policy_sha256"] != strict["policy_sha256"]
    assert (usual["champion"], usual["champion_sha256"], usual["champion_trained_until"]) == (
        None,
    ) * 3
