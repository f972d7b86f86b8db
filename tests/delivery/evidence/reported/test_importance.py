"""Which inputs two models lean on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.holdout import read_holdout
from delivery.evidence.reported.importance import importance
from delivery.evidence.trial import PairedScores, Trial
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.policy import GatesPolicy
from tests.delivery.bentos import write_splits
from tests.serving.tiny import (
    WEIGHTS,
    tiny_contract,
    tiny_frame,
    tiny_scores,
    write_tiny_model,
)

OTHER = WEIGHTS | {"wind": 0.0, "hour": -3.0}
FRAME = tiny_frame(2_000, seed=4)


class Desk:
    """Answers as the candidate, or with other weights as the champion."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked = 0

    def rows(self, subject: Bento, rows: list[dict[str, Any]]) -> Floats:
        if self.error:
            raise self.error
        self.asked += len(rows)
        weights = OTHER if subject.id == "champion" else WEIGHTS
        frame = pd.DataFrame(rows).assign(wind=lambda one: one["wind"].astype(float))
        return tiny_scores(frame, weights, "binary")


def paired(folder: Path) -> PairedScores:
    file = write_splits(folder, {"holdout": FRAME})
    holdout = read_holdout(Evaluation(file), tiny_contract(), None)
    both = (tiny_scores(FRAME, weights, "binary") for weights in (WEIGHTS, OTHER))
    return PairedScores(tiny_contract(), holdout, *both, "champion")


def bento(folder: Path, name: str) -> Bento:
    made = Bento(name, folder / name)
    write_tiny_model(made.model)
    return made


def ask(folder: Path, desk: Desk | None = None, *, first: bool = False) -> dict[str, Any]:
    champion = None if first else bento(folder, "champion")
    trial = Trial(
        bento(folder, "candidate"),
        champion,
        Evaluation(folder),
        GatesPolicy(),
        desk or Desk(),  # type: ignore[arg-type]
    )
    reported = importance(trial, paired(folder))
    json.dumps(reported, allow_nan=False)
    return reported


def test_each_model_leans_on_the_inputs_that_it_uses(tmp_path: Path) -> None:
    found = ask(tmp_path)
    table = {one["input"]: one for one in found["inputs"]}
    own = [one["candidate"] for one in found["inputs"]]
    assert own == sorted(own, reverse=True)
    assert found["inputs"][0]["input"] == "wind"
    assert table["wind"]["reference"] == pytest.approx(0, abs=1e-9)
    assert max(table, key=lambda name: table[name]["reference"]) == "hour"
    assert (found["metric"], found["rows"]) == ("log loss", 500)


def test_the_same_rows_are_asked_each_time_and_not_too_many(tmp_path: Path) -> None:
    desk = Desk()
    assert ask(tmp_path, desk) == ask(tmp_path)
    assert desk.asked == 2 * 5 * 500


def test_a_bento_that_refuses_is_said(tmp_path: Path) -> None:
    assert ask(tmp_path, Desk(HeldError("hour is 25"))) == {"missing": "hour is 25"}


def test_a_first_release_stands_alone(tmp_path: Path) -> None:
    found = ask(tmp_path, first=True)
    assert {one["reference"] for one in found["inputs"]} == {None}
    assert np.isfinite([one["candidate"] for one in found["inputs"]]).all()
