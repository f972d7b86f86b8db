from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout.observations.pairs import Compared, Pairs, Question, pairs_of


def pairs(champion: np.ndarray, candidate: np.ndarray, **more: object) -> Pairs:
    size = len(champion)
    good, fast = np.zeros(size, bool), np.full(size, 0.01)
    names = np.full(size, "day 1")
    return Pairs(champion, candidate, good, good, fast, fast, names, **more)


def test_a_pair_without_both_scores_is_not_scored() -> None:
    some = pairs(np.array([0.1, np.nan, 0.3]), np.array([0.1, 0.2, np.inf]))
    assert some.scored.tolist() == [True, False, False]


def test_several_classes_are_scored_where_all_are_numbers() -> None:
    scores = np.array([[0.1, 0.9], [np.nan, 0.5]])
    assert pairs(scores, scores, task="multiclass").scored.tolist() == [True, False]


@pytest.mark.parametrize("more", [{"labels": np.zeros(1)}, {"segments": {"carrier": ["AA"]}}])
def test_columns_of_different_lengths_are_refused(more: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="one length"):
        pairs(np.zeros(2), np.zeros(2), **more)


def test_requests_become_pairs_row_by_row() -> None:
    compared = (
        Compared("one", 1.0, [0.1, 0.2], [0.1, 0.3], 0.02, segments={"carrier": ["AA", "UA"]}),
        Compared("two", 2.0, [0.4], None, why="422", segments={"carrier": ["AA"]}),
        Compared("three", 3.0, [0.5], [0.5], mirrored=True, segments={"carrier": ["UA"]}),
    )
    question = Question("binary", 0.5, 0.6, 0.01, segments=("carrier", "hour"))
    made = pairs_of(compared, question)
    assert made.champion.tolist() == [0.1, 0.2, 0.4, 0.5]
    assert made.candidate[[0, 1, 3]].tolist() == [0.1, 0.3, 0.5]
    assert np.isnan(made.candidate[2])
    assert made.candidate_failed.tolist() == [False, False, True, False]
    assert np.isnan(made.candidate_seconds).tolist() == [False, False, True, True]
    assert made.cluster.tolist() == ["one", "one", "two", "three"]
    assert made.segments["carrier"].tolist() == ["AA", "UA", "AA", "UA"]
    assert list(made.segments) == ["carrier"], "not every request has an hour"
    assert (made.threshold, made.own_threshold, made.expected_flips) == (0.5, 0.6, 0.01)


@pytest.mark.parametrize("candidate", [[[0.3, 0.7]], None])
def test_scores_of_classes_keep_their_shape(candidate: list[list[float]] | None) -> None:
    made = pairs_of([Compared("one", 1.0, [[0.4, 0.6]], candidate)], Question("multiclass"))
    assert made.champion.shape == made.candidate.shape == (1, 2)


ROWS = (
    Compared("one", 1.0, [0.1, 0.2], [0.1, 0.3], request=1),
    Compared("two", 2.0, [0.4], [0.4], request=2),
    Compared("three", 3.0, [0.5], [0.5], request=3),
)


def labels(truths: dict[int, object], **more: object) -> list[float]:
    found = pairs_of(ROWS, Question(labels=True, **more), truths).labels
    assert found is not None
    return [-1 if np.isnan(value) else float(value) for value in found]


def test_labels_that_came_stand_beside_their_rows() -> None:
    assert labels({1: ["yes", "no"], 3: "yes"}, classes=("no", "yes")) == [1, 0, -1, 1]
    assert labels({1: [3, 4.5], 2: "7"}, task="regression") == [3, 4.5, 7, -1]


@pytest.mark.parametrize("truth", ["yes", ["yes"], ["yes", "maybe", "no"], None, [["yes"], {}]])
def test_labels_that_fit_no_row_are_unknown(truth: object) -> None:
    assert labels({1: truth}, classes=("no", "yes"))[:2] == [-1, -1]


def test_labels_that_may_depend_on_the_answer_are_left_out() -> None:
    assert pairs_of(ROWS, Question(classes=("no", "yes")), {2: "yes"}).labels is None


def test_nothing_compared_is_no_pair() -> None:
    assert len(pairs_of([], Question())) == 0


def test_the_first_pairs_are_those_of_all_columns() -> None:
    some = pairs(np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.3]), labels=np.zeros(3),
                 segments={"carrier": np.array(["a", "b", "c"])})  # fmt: skip
    first = some.first(2)
    assert (len(first), len(first.labels), first.segments["carrier"].tolist()) == (2, 2, ["a", "b"])
