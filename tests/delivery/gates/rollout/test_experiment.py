from __future__ import annotations

import numpy as np

from delivery.gates.rollout import experiment
from delivery.gates.rollout.decision import needed

NONE = experiment.Outcomes(np.empty(0), np.empty(0, dtype=int), np.empty(0))


def test_no_outcomes_are_inconclusive() -> None:
    (verdict,) = experiment.judge(NONE, experiment.Policy())
    assert needed(verdict) == 20_000
