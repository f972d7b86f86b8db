"""Both models answer the same disturbed rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from delivery.bento.bento import Bento
from delivery.errors import DeliveryError, HeldError, TargetError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.holdout import read_holdout
from delivery.evidence.quality.robustness import Disturbances
from delivery.evidence.trial import ModelUnderTest, PairedScores
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.quality.robustness import Evidence, Policy
from serving.contract import CONTRACT, render_contract
from tests.delivery.bentos import write_splits
from tests.serving.tiny import (
    WEIGHTS,
    Variation,
    tiny_contract,
    tiny_frame,
    tiny_instances,
    tiny_scores,
)

FRAME = tiny_frame(2_000, seed=4)
DULL = dict.fromkeys(WEIGHTS, 0.0)
POLICY = Policy(rows=400)


class Desk:
    """Answers as the truth, or as a champion that looks at nothing."""

    def __init__(self, error: DeliveryError | None = None) -> None:
        self.error = error
        self.asked: dict[str, list[dict[str, Any]]] = {}

    def rows(self, subject: Bento, rows: list[dict[str, Any]]) -> Floats:
        if self.error:
            raise self.error
        self.asked.setdefault(subject.id, []).extend(rows)
        frame = pd.DataFrame(rows).assign(wind=lambda one: one["wind"].astype(float))
        return tiny_scores(frame, DULL if subject.id == "champion" else WEIGHTS, "binary")


def ask(folder: Path, desk: Desk, *, first: bool = False, strict: bool = False) -> Evidence:
    file = write_splits(folder, {"holdout": FRAME})
    holdout = read_holdout(Evaluation(file), tiny_contract(), None)
    own, other = (tiny_scores(FRAME, weights, "binary") for weights in (WEIGHTS, DULL))
    paired = PairedScores(tiny_contract(), holdout, own, other, "champion")
    narrow = Variation(inputs={"wind": {"nullable": False}} if strict else {})
    candidate = under_test(folder / "candidate", own)
    champion = under_test(folder / "champion", other, narrow)
    models = (candidate,) if first else (candidate, champion)
    return Disturbances(desk, POLICY, paired, models).cost()  # type: ignore[arg-type]


def under_test(
    folder: Path,
    scores: Floats,
    variation: Variation = Variation(),  # noqa: B008 - it is frozen
) -> ModelUnderTest:
    bento = Bento(folder.name, folder)
    bento.model.mkdir(parents=True, exist_ok=True)
    text = render_contract(tiny_contract(variation=variation))
    (bento.model / CONTRACT).write_text(text, encoding="utf-8")
    return ModelUnderTest(bento, scores)


def test_each_loses_by_what_it_looks_at(tmp_path: Path) -> None:
    found = ask(tmp_path, Desk())
    assert found.falls is not None
    assert set(found.falls) == {"noise", "missing", "unseen", "outliers"}
    for losses in found.falls.values():
        assert len(losses.candidate) == len(losses.clusters) == POLICY.rows
        assert losses.reference == pytest.approx(0)
    assert found.falls["missing"].candidate.mean() > 0.005
    assert found.loss == pytest.approx(np.log(2))
    assert found.lead > 0.1


def test_both_are_asked_about_the_same_rows(tmp_path: Path) -> None:
    desk = Desk()
    ask(tmp_path, desk)
    assert str(desk.asked["candidate"]) == str(desk.asked["champion"])
    assert len(desk.asked["candidate"]) == 4 * POLICY.rows
    before = {str(row) for row in tiny_instances(FRAME)}
    assert sum(str(row) in before for row in desk.asked["candidate"][: POLICY.rows]) == 0


def test_what_the_champion_does_not_accept_is_asked_of_nobody(tmp_path: Path) -> None:
    desk = Desk()
    found = ask(tmp_path, desk, strict=True)
    assert found.falls is not None
    assert set(found.falls) == {"noise", "unseen", "outliers"}


def test_a_first_release_is_compared_with_itself(tmp_path: Path) -> None:
    found = ask(tmp_path, Desk(), first=True)
    assert found.falls is not None
    assert found.first
    assert found.lead == 0
    assert found.loss < 0.5
    assert not found.falls["noise"].reference.any()


@pytest.mark.parametrize("error", [HeldError("hour is 25"), TargetError("it exits at once")])
def test_a_bento_that_does_not_answer_is_no_evidence(tmp_path: Path, error: DeliveryError) -> None:
    found = ask(tmp_path, Desk(error))
    assert (found.falls, found.missing) == (None, str(error))
