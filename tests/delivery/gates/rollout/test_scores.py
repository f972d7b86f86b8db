from __future__ import annotations

import numpy as np

from delivery.gates.rollout import scores
from delivery.gates.rollout.decision import needed

NONE = scores.Scores(np.empty(0), np.empty(0, dtype=str))


def test_no_scores_are_inconclusive() -> None:
    assert needed(scores.judge(NONE, NONE, 0.0, scores.Policy())) == 1_000
