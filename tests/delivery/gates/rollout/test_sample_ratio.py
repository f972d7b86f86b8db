from __future__ import annotations

from delivery.gates.rollout import sample_ratio
from delivery.gates.rollout.decision import needed
from delivery.gates.rollout.samples import EMPTY


def test_no_samples_are_inconclusive() -> None:
    verdict = sample_ratio.judge(EMPTY, sample_ratio.Policy())
    assert needed(verdict) == 1
