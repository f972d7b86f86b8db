"""The candidate is asked for its own behaviours and for those of the champion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.quality.behaviour import gather, read_behaviours
from delivery.evidence.trial import Trial
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.policy import GatesPolicy
from serving.contract import BEHAVIOURS, Task
from tests.serving.tiny import write_tiny_model

FIRST: dict[str, Any] = {"name": "first", "row": {"hour": 4}, "maximum": 0.5}
SECOND: dict[str, Any] = {"name": "second", "same": [{"hour": 5}, {"hour": 6}]}


class Desk:
    """Answers hours with hours/10, or with three classes."""

    def __init__(self, task: Task = "binary") -> None:
        self.task = task

    def rows(self, _: Bento, rows: list[dict[str, Any]]) -> Floats:
        if any(row["hour"] > 23 for row in rows):
            raise HeldError("hour is 25")
        scores = np.array([row["hour"] / 10 for row in rows])
        return (
            np.stack([scores, scores + 1, scores + 2], axis=1) if self.task != "binary" else scores
        )


def subject(folder: Path, name: str, *behaviours: dict[str, Any], task: Task = "binary") -> Bento:
    made = Bento(name, folder / name)
    write_tiny_model(made.model, task, behaviours=behaviours)
    return made


def trial(desk: Desk, candidate: Bento, champion: Bento | None = None) -> Trial:
    evaluation = Evaluation(candidate.path)
    return Trial(candidate, champion, evaluation, GatesPolicy(), desk)  # type: ignore[arg-type]


def ask(candidate: Bento, champion: Bento | None = None, task: Task = "binary") -> Any:
    found = gather(trial(Desk(task), candidate, champion))
    assert found.asked is not None
    return {one.behaviour.name: one for one in found.asked}


def test_own_behaviours_and_those_that_were_dropped_or_changed(tmp_path: Path) -> None:
    candidate = subject(tmp_path, "candidate", FIRST, SECOND | {"within": 0.5})
    champion = subject(tmp_path, "champion", FIRST, SECOND, FIRST | {"name": "third"})
    found = gather(trial(Desk(), candidate, champion)).asked
    assert found is not None
    told = [(one.behaviour.name, one.behaviour.within, one.dropped) for one in found]
    assert told == [
        ("first", 0, False), ("second", 0.5, False), ("second", 0, True), ("third", 0, True),
    ]  # fmt: skip
    assert found[1].scores == (0.5, 0.6)


def test_a_model_that_declares_nothing_is_asked_nothing(tmp_path: Path) -> None:
    assert ask(subject(tmp_path, "candidate")) == {}


@pytest.mark.parametrize(("name", "score"), [(None, 0.4), ("True", 0.4), ("False", 0.6)])
def test_the_class_that_is_meant(tmp_path: Path, name: str | None, score: float) -> None:
    assert ask(subject(tmp_path, "one", FIRST | {"of": name}))["first"].scores == (score,)
    early = ask(
        subject(tmp_path, "two", FIRST | {"of": "early"}, task="multiclass"), task="multiclass"
    )
    assert early["first"].scores == (0.4,)
    late = ask(
        subject(tmp_path, "three", FIRST | {"of": "late"}, task="multiclass"), task="multiclass"
    )
    assert late["first"].scores == (2.4,)


def test_a_champions_class_or_row_that_the_candidate_does_not_know_is_missing(
    tmp_path: Path,
) -> None:
    champion = subject(tmp_path, "champion", FIRST | {"of": "gone"}, SECOND | {"same": ODD})
    found = ask(subject(tmp_path, "candidate"), champion)
    assert found["first"].missing == "the model has no class 'gone'"
    assert found["second"].missing == "hour is 25"


ODD = [{"hour": 25}, {"hour": 5}]


def test_a_file_that_cannot_be_read_is_no_evidence(tmp_path: Path) -> None:
    candidate = subject(tmp_path, "candidate", FIRST)
    with (candidate.model / BEHAVIOURS).open("a") as file:
        file.write("{}\n")
    with pytest.raises(HeldError, match="line 2"):
        read_behaviours(candidate.model)
    assert "line 2" in gather(trial(Desk(), candidate, None)).missing
