"""Earlier releases are asked about the rows of today, if they can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.bento.temporary import Subject
from delivery.errors import TargetError
from delivery.evidence.evaluation import Exam, Rivals, read_holdout
from delivery.evidence.predictions import Asked
from delivery.evidence.quality.best import compare_with
from delivery.evidence.reported.summary import Sides
from serving.contract import Task
from tests.delivery.bentos import write_splits
from tests.serving.tiny import tiny_contract, tiny_frame, write_tiny_model


class Desk:
    """Every release answers a half, or what it was told to."""

    def __init__(self, answer: Asked | Exception | None = None) -> None:
        self.answer = answer

    def holdout(self, _: Subject, __: object, holdout: Any) -> Asked:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or Asked(np.full(len(holdout), 0.5))


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    folder = write_splits(tmp_path / "data", {"holdout": tiny_frame(100)})
    holdout = read_holdout(Exam(folder), tiny_contract(), None)
    scores = np.full(len(holdout), 0.9)
    return Sides(tiny_contract(), holdout, scores, scores, "champion")


def rival(folder: Path, task: Task = "binary", **variation: Any) -> Rivals:
    subject = Subject("r-old", folder / "r-old")
    write_tiny_model(subject.model, task, **variation)
    return Rivals((subject,))


def compare(rivals: Rivals, sides: Sides | None, answer: Any = None) -> Any:
    return compare_with(Desk(answer), rivals, sides)  # type: ignore[arg-type]


def test_both_losses_on_the_same_rows(sides: Sides, tmp_path: Path) -> None:
    (found,) = compare(rival(tmp_path), sides).losses.values()
    assert found.reference == pytest.approx(np.log(2))
    assert (found.candidate == sides.losses().candidate).all()


@pytest.mark.parametrize(
    ("task", "variation", "answer", "text"),
    [
        ("multiclass", {}, None, "answers another question"),
        ("binary", {"contract": {"trained_until": "2013-07-02"}}, None, "has seen the answers"),
        ("binary", {}, Asked(None, "no column miles"), "no column miles"),
    ],
)
def test_one_that_cannot_be_asked_is_left_out_and_says_why(
    sides: Sides, tmp_path: Path, task: Task, variation: Any, answer: Any, text: str
) -> None:
    found = compare(rival(tmp_path, task, **variation), sides, answer)
    assert (found.losses, found.missing) == ({}, "")
    assert text in found.left_out["r-old"]


def test_one_that_does_not_start_is_missing(sides: Sides, tmp_path: Path) -> None:
    found = compare(rival(tmp_path), sides, TargetError("exit 1"))
    assert found.missing == "r-old: exit 1"


def test_without_scores_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert "no scores" in compare(rival(tmp_path), None).missing
    assert compare(Rivals(), None).missing == ""
