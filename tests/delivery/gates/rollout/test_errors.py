from __future__ import annotations

from delivery.gates.rollout import errors
from delivery.gates.rollout.decision import needed
from delivery.gates.rollout.samples import EMPTY


def test_no_samples_are_inconclusive() -> None:
    verdict = errors.judge(EMPTY, errors.Policy(), "attempt")
    assert needed(verdict) == 2_000
