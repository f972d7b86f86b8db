"""Trials of bentos that are folders: what is gathered without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from delivery.bento.bento import Bento
from delivery.bento.digest import MANIFEST
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.holdout import read_holdout
from delivery.evidence.live import Live
from delivery.evidence.predictions import Answer
from delivery.evidence.trial import PairedScores, Trial
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.policy import GatesPolicy
from serving.contract import Task
from tests.delivery.bentos import write_splits
from tests.serving.tiny import WEIGHTS, tiny_contract, tiny_frame, tiny_scores, write_tiny_model


def tiny_bento(folder: Path, release: str = "r-1", task: Task = "binary", **varied: Any) -> Bento:
    """A bento of a tiny model that nothing could serve."""
    made = Bento(release, folder / release)
    write_tiny_model(made.model, task, **varied)
    (made.path / MANIFEST).write_text("made up\n", encoding="utf-8")
    return made


class Desk:
    """Every bento answers a half, or what `answers` has by its id."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "-"): answer for name, answer in answers.items()}

    def holdout(self, bento: Bento, holdout: Any) -> Answer:
        answer = self.answers.get(bento.id, 0.5)
        return answer if isinstance(answer, Answer) else Answer(np.full(len(holdout), answer))

    def rows(self, bento: Bento, rows: list[dict[str, Any]]) -> Floats:
        answer = self.answers.get(bento.id, 0.5)
        if isinstance(answer, Exception):
            raise answer
        return np.full(len(rows), answer)


def tried(
    bento: Bento, champion: Bento | None = None, desk: Desk | None = None, **facts: Any
) -> Trial:
    """`bento` on trial; `facts` are those of the evaluation, its data beside the bento."""
    evaluation = Evaluation(**({"data": bento.path.parent / "data"} | facts))
    predictions: Any = desk or Desk()
    return Trial(bento, champion, evaluation, GatesPolicy(), predictions)


def scored(trial: Trial, scores: PairedScores | str) -> Trial:
    """The trial with its scores given."""
    vars(trial)["scores"] = scores
    return trial


def paired(folder: Path, task: Task = "binary", rows: int = 200) -> PairedScores:
    """The true model beside one that knows no carrier, on rows that are written to `folder`."""
    frame, contract = tiny_frame(rows, task=task), tiny_contract(task)
    evaluation = Evaluation(write_splits(folder, {"holdout": frame}))
    holdout = read_holdout(evaluation, contract, None)
    blind = WEIGHTS | {"carrier": 0.0}
    both = (tiny_scores(frame, weights, task) for weights in (WEIGHTS, blind))
    return PairedScores(contract, holdout, *both, "champion")


def live(bento: Bento, url: str = "http://127.0.0.1:9", **facts: Any) -> Live:
    """An instance that should be `bento`; by default nothing answers there."""
    given = {"previous": None, "policy": GatesPolicy(), "progress": lambda _: None} | facts
    return Live(url, bento, **given)
