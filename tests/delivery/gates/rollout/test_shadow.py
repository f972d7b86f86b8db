from __future__ import annotations

import numpy as np

from delivery.gates.rollout import shadow
from delivery.gates.rollout.decision import needed
from tests.delivery.gates.rollout.test_pairs import pairs


def test_no_pairs_are_inconclusive() -> None:
    assert needed(shadow.judge(pairs(np.empty(0), np.empty(0)), shadow.Policy())) == 1_000
