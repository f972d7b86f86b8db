"""What a bento answered is asked for once, and what it refuses is told."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError, TargetError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.holdout import Holdout, read_holdout
from delivery.evidence.predictions import Predictions, policy_sha256, score_table
from delivery.gates.quality.champion import Policy
from tests.delivery.bentos import write_splits
from tests.delivery.evidence.rows import CONTRACT, FILE, rows
from tests.delivery.evidence.trials import tiny_bento
from tests.delivery.standin import Answer, halves, standin
from tests.serving.tiny import tiny_contract, tiny_frame


class OneServer:
    """Lends the URL of a stand-in, and counts how often."""

    def __init__(self, url: str) -> None:
        self.address, self.lent = url, 0

    def progress(self, _: str) -> None:
        pass

    def url(self, _: Bento) -> str:
        self.lent += 1
        return self.address


@contextmanager
def desk(folder: Path, answer: Answer = halves) -> Any:
    with standin(answer) as url:
        yield Predictions(folder / "workspace", OneServer(url))  # type: ignore[arg-type]


@pytest.fixture
def holdout(tmp_path: Path) -> Holdout:
    folder = write_splits(tmp_path / "data", {"holdout": tiny_frame(30)})
    return read_holdout(Evaluation(folder), tiny_contract(), None)


@pytest.fixture
def bento(tmp_path: Path) -> Bento:
    return tiny_bento(tmp_path)


def test_only_the_inputs_are_sent_in_order_and_nan_as_null() -> None:
    seen: list[dict[str, Any]] = []

    def answer(batch: list[dict[str, Any]]) -> tuple[int, Any]:
        seen.extend(batch)
        return 200, {"predictions": [row["hour"] / 10_000 for row in batch]}

    with standin(answer) as url:
        scores = score_table(url, rows(2500), CONTRACT, FILE)
    assert scores.tolist() == [i / 10_000 for i in range(2500)]
    assert seen[:2] == [
        {"wind": 0.0, "hour": 0, "origin": "JFK"},
        {"wind": None, "hour": 1, "origin": "JFK"},
    ]


def test_a_refused_row_holds_and_names_row_field_value_and_what_is_expected() -> None:
    def answer(batch: list[dict[str, Any]]) -> tuple[int, Any]:
        if len(batch) == 1000:
            return halves(batch)
        problem = {"row": 7, "field": "origin", "value": '"ZZZ"', "expected": "EWR, JFK"}
        return 422, {"error": {"message": "no", "problems": [problem]}}

    with (
        standin(answer) as url,
        pytest.raises(
            HeldError, match=r'row of holdout.parquet 1008: field origin is "ZZZ", .*JFK'
        ),
    ):
        score_table(url, rows(1100), CONTRACT, FILE)


def test_the_holdout_is_asked_once_for_the_same_bytes(
    tmp_path: Path, bento: Bento, holdout: Holdout
) -> None:
    with desk(tmp_path) as predictions:
        for _ in range(2):
            answer = predictions.holdout(bento, holdout)
            assert answer.scores.tolist() == [0.5] * 30
        assert predictions.servers.lent == 1
        (bento.model / "more").write_text("x")
        predictions.holdout(Bento(bento.id, bento.path), holdout)
        assert predictions.servers.lent == 2


def test_a_refusal_says_who_refused_and_is_not_remembered(
    tmp_path: Path, bento: Bento, holdout: Holdout
) -> None:
    with desk(tmp_path, lambda _: (422, {})) as predictions:
        answer = predictions.holdout(bento, holdout)
    assert answer.scores is None
    assert answer.missing.startswith("r-1: the model refuses a row of holdout.parquet")
    with desk(tmp_path) as predictions:
        assert predictions.holdout(bento, holdout).missing == ""


def test_scores_of_other_rows_are_no_answer(tmp_path: Path, bento: Bento, holdout: Holdout) -> None:
    """A remembered answer that lost a row must not be compared with labels."""
    with desk(tmp_path) as predictions:
        key = f"{bento.sha256[:16]}-{holdout.sha256[:16]}"
        predictions.cache("scores").array(key, lambda: np.full(29, 0.5))
        answer = predictions.holdout(bento, holdout)
    assert (answer.scores, answer.missing) == (None, "r-1 answered 29 of 30 rows")


def test_rows_of_a_request_are_remembered_by_their_content(tmp_path: Path, bento: Bento) -> None:
    with desk(tmp_path) as predictions:
        for asked in ([{"a": 1}], [{"a": 1}], [{"a": 2}]):
            assert predictions.rows(bento, asked).tolist() == [0.5]
        assert predictions.servers.lent == 2


@pytest.mark.parametrize(("status", "error"), [(422, HeldError), (500, TargetError)])
def test_rows_that_are_not_answered_are_an_error(
    tmp_path: Path, bento: Bento, status: int, error: type[Exception]
) -> None:
    with desk(tmp_path, lambda _: (status, {})) as predictions, pytest.raises(error):
        predictions.rows(bento, [{"a": 1}])


def test_a_policy_has_the_hash_of_what_it_says() -> None:
    assert policy_sha256(Policy()) == policy_sha256(Policy(margin=Policy().margin))
    assert policy_sha256(Policy()) != policy_sha256(Policy(margin=0.5))
