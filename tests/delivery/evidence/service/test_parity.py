"""A bento is asked its own examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.errors import HeldError, RefusedError
from delivery.evidence.service import parity
from delivery.evidence.service.parity import compared, gather, observe
from serving.contract import EXAMPLES
from serving.examples import Example
from tests.delivery.evidence.trials import Desk, live, tiny_bento, tried
from tests.delivery.standin import halves, standin


def test_a_candidate_is_asked_every_example(tmp_path: Path) -> None:
    evidence = gather(tried(tiny_bento(tmp_path, examples=7)))
    assert (len(evidence.instances), evidence.missing) == (7, "")
    assert evidence.answered is not None
    assert evidence.answered.tolist() == [0.5] * 7
    assert evidence.expected is not None
    assert evidence.expected.shape == (7,)


def test_a_candidate_that_refuses_says_so(tmp_path: Path) -> None:
    evidence = gather(tried(tiny_bento(tmp_path), desk=Desk(r_1=HeldError("hour is 25"))))
    assert (evidence.answered, evidence.missing) == (None, "hour is 25")


def test_an_instance_answers_each_time(tmp_path: Path) -> None:
    """A cache would keep saying that an instance is right."""
    asked: list[int] = []

    def answer(rows: list[dict[str, Any]]) -> tuple[int, Any]:
        asked.append(len(rows))
        return halves(rows)

    bento = tiny_bento(tmp_path, examples=7)
    with standin(answer) as url:
        for _ in range(2):
            assert observe(live(bento, url)).missing == ""
    assert asked == [7, 7]


@pytest.mark.parametrize("status", [422, 500])
def test_an_instance_that_refuses_or_fails_gave_no_answers(tmp_path: Path, status: int) -> None:
    with standin(lambda _: (status, {})) as url:
        evidence = observe(live(tiny_bento(tmp_path), url))
    assert evidence.answered is None
    assert str(status) in evidence.missing


def test_examples_that_are_missing_or_uneven_are_named(tmp_path: Path) -> None:
    bento = tiny_bento(tmp_path)
    (bento.model / EXAMPLES).write_text(json.dumps({"instance": {}}) + "\n")
    assert "line 1" in gather(tried(bento)).missing
    uneven = [Example(instance={}, prediction=0.5), Example(instance={}, prediction=[0.5, 0.5])]
    evidence = compared(uneven, np.zeros(2))
    assert (evidence.expected, evidence.answered) == (None, None)
    assert evidence.missing.startswith(f"{EXAMPLES} is uneven")


def test_where_no_service_runs_a_file_of_the_examples_is_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bento = tiny_bento(tmp_path, examples=7)
    answers = {"score": lambda rows: np.full(len(rows), 0.5)}
    monkeypatch.setattr(parity, "score_file", lambda _, __, rows: answers["score"](rows))
    evidence = observe(live(bento, ""))
    assert evidence.answered is not None
    assert evidence.answered.tolist() == [0.5] * 7

    def refuse(_: object) -> None:
        raise RefusedError("1 of 7 rows do not fit")

    answers["score"] = refuse
    assert observe(live(bento, "")).missing == "1 of 7 rows do not fit"
