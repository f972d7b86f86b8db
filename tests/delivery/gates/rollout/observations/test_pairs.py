from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout.observations.pairs import Pairs


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
