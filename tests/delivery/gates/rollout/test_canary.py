from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout import canary
from delivery.gates.rollout.decision import decide, needed
from delivery.gates.rollout.samples import EMPTY, Samples


def requests(candidate: int, champion: int) -> Samples:
    arms = np.arange(candidate + champion) < candidate
    size = len(arms)
    return Samples(
        at=np.arange(size) / 10, step=[0] * size, candidate=arms, share=[0.05] * size,
        entity=[""] * size, cause=[""] * size, seconds=[0.01] * size, rows=[1] * size,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "missing"), [((299, 9_000), 1), ((300, 100), 200), ((0, 0), 300)]
)
def test_a_step_waits_for_both_arms(counts: tuple[int, int], missing: int) -> None:
    assert needed(canary.exposure(requests(*counts), canary.Policy())) == missing


def test_a_step_that_both_arms_answered_is_done() -> None:
    assert canary.exposure(requests(300, 300), canary.Policy()).status == "pass"


@pytest.mark.parametrize("last", [False, True])
def test_no_traffic_is_a_wait(last: bool) -> None:
    verdicts = canary.judge(EMPTY, canary.Policy(), step=0, attempt="a")
    assert decide(verdicts, last=last).next == "wait"
