from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.rollout import canary
from delivery.gates.rollout.decision import decide, needed
from delivery.gates.rollout.observations.samples import EMPTY, Samples, concatenated
from tests.delivery.gates.rollout.traffic import Traffic


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


def test_records_that_are_missing_let_nothing_pass() -> None:
    verdicts = canary.judge(
        replace(requests(300, 300), lost=2), canary.Policy(), step=0, attempt="a"
    )
    assert decide(verdicts, last=False).next == "hold"
    assert "2 records" in decide(verdicts, last=False).why


@pytest.mark.parametrize(("traffic", "after"), [
    (Traffic(), "go"), (Traffic(candidate=0.03), "stop"), (Traffic(slower=1.5), "stop"),
])  # fmt: skip
def test_a_rollout_in_three_steps_ends_as_it_should(traffic: Traffic, after: str) -> None:
    parts = [
        traffic.requests(
            np.random.default_rng(step), size, share, step=step, began=1e9 + 1e5 * step
        )
        for step, (share, size) in enumerate([(0.05, 8_000), (0.25, 2_000), (0.5, 12_000)])
    ]
    ends = []
    for step in range(3):
        samples = concatenated(parts[: step + 1])
        verdicts = canary.judge(samples, canary.Policy(), step=step, attempt="a")
        ends.append(decide(verdicts, last=step == 2).next)
        if ends[-1] != "go":
            break
    assert ends[-1] == after


def test_the_warm_up_is_not_judged() -> None:
    cold = Traffic(champion=0, candidate=0).requests(np.random.default_rng(1), 1_000)
    first = np.cumsum(cold.candidate) <= 100
    bad = replace(cold, cause=np.where(first & cold.candidate, "timeout", ""))
    gates = {
        warm_up: {
            verdict.gate: verdict.status
            for verdict in canary.judge(bad, canary.Policy(warm_up=warm_up), step=0, attempt="a")
        }
        for warm_up in (0, 100)
    }
    assert gates[0]["rollout_errors"] == "fail"
    assert gates[100]["rollout_errors"] == "hold"
