"""How two models agree, in figures and in words."""

from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout.agreement import changed, labelled, mcnemar, most_changed
from delivery.gates.rollout.observations.pairs import Pairs
from delivery.gates.rollout.shadow import Policy, judge
from tests.delivery.gates.rollout.test_shadow import SIZE, made


def test_each_model_decides_by_its_own_threshold() -> None:
    same = made(noise=0)
    assert changed(same).sum() == 0
    assert changed(made(noise=0, own_threshold=0.6)).mean() > 0.05


def test_mcnemar_by_hand() -> None:
    """Three clusters: two answers become right, one wrong; two right; one wrong."""
    pairs = Pairs(
        champion=np.array([0.4, 0.4, 0.6, 0.4, 0.4, 0.4]),
        candidate=np.array([0.6, 0.6, 0.4, 0.6, 0.6, 0.6]),
        champion_failed=np.zeros(6, bool), candidate_failed=np.zeros(6, bool),
        champion_seconds=np.ones(6), candidate_seconds=np.ones(6),
        cluster=np.array(list("aaabbc")), threshold=0.5, own_threshold=0.5,
        labels=np.array([1.0, 1, 1, 1, 1, 0]),
    )  # fmt: skip
    sums = [1, 2, -1]
    expected = sum(sums) / np.sqrt(sum(each**2 for each in sums))
    assert mcnemar(pairs, np.array([0, 0, 0, 1, 1, 2])) == pytest.approx(expected)


def test_a_label_below_zero_is_no_class_and_may_be_a_number() -> None:
    labels = np.where(np.arange(SIZE) % 2 == 0, -1.0, 0.5)
    for task, known in (("regression", SIZE), ("binary", SIZE // 2)):
        assert labelled(made(labels=labels, task=task)).sum() == known


def test_each_value_of_a_segment_has_its_own_figures() -> None:
    names = np.where(np.arange(SIZE) % 4 == 0, "AA", "UA")
    pairs = made(segments={"to": names}, noise=0.3)
    delta = np.abs(pairs.candidate - pairs.champion)
    assert judge(pairs, Policy()).details["segments"]["to"] == [
        {
            "value": name,
            "pairs": (names == name).sum(),
            "mean_delta": pytest.approx(delta[names == name].mean()),
            "flips": pytest.approx(changed(pairs)[names == name].mean()),
        }
        for name in ("UA", "AA")
    ]


def row(value: str, pairs: int, flips: float) -> dict[str, object]:
    return {"value": value, "pairs": pairs, "mean_delta": 0.1, "flips": flips}


def test_where_most_answers_change_is_said_and_few_pairs_say_nothing() -> None:
    segments = {
        "carrier": [row("AA", 300, 0.02), row("UA", 29, 0.5)],
        "hour": [row("7", 100, 0.03)],
    }
    assert most_changed({"segments": segments}) == (
        "most answers change where hour is '7': 3.00% of 100"
    )


def test_what_clients_sent_moves_no_terminal_and_is_in_no_event() -> None:
    names = np.where(np.arange(SIZE) % 2 == 0, "\x1b[2J", "UA")
    pairs = made(segments={"to": names}, noise=0.3)
    verdict = judge(pairs, Policy())
    assert "\\x1b[2J" in most_changed(verdict.details) or "UA" in most_changed(verdict.details)
    assert "\x1b" not in most_changed(verdict.details)
    assert "UA" not in verdict.measured
    assert "\x1b" not in verdict.measured


@pytest.mark.parametrize("details", [{}, {"segments": {"to": [row("AA", 300, 0.0)]}}])
def test_where_nothing_changes_nothing_is_said(details: dict[str, object]) -> None:
    assert most_changed(details) == ""
