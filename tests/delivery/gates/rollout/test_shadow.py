"""Do both models answer alike on the same rows?"""

from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout.agreement import changed
from delivery.gates.rollout.decision import needed
from delivery.gates.rollout.observations.pairs import Pairs
from delivery.gates.rollout.shadow import Policy, blocks, breaks_down, judge

POLICY = Policy()
SIZE, DAYS = 4_000, 40


def made(*, noise: float = 0.02, worse: float = 0.0, failing: float = 0.0, **more: object) -> Pairs:
    """Champion scores, and a candidate's that differ by noise on the log-odds; labels follow the
    champion's scores."""
    random = np.random.default_rng(21)
    logits = random.normal(0, 1.5, SIZE)
    own = logits + random.normal(0, noise, SIZE) + worse * random.normal(0, 1, SIZE)
    failed = random.random(SIZE) < failing
    scores = 1 / (1 + np.exp(-own))
    columns = {
        "champion": 1 / (1 + np.exp(-logits)),
        "candidate": np.where(failed, np.nan, scores),
        "champion_failed": np.zeros(SIZE, bool),
        "candidate_failed": failed,
        "champion_seconds": np.full(SIZE, np.nan),
        "candidate_seconds": np.full(SIZE, 0.02),
        "cluster": np.repeat([f"day {day}" for day in range(DAYS)], SIZE // DAYS),
        "threshold": 0.5,
        "own_threshold": 0.5,
    }
    if more.pop("labelled", False):
        columns["labels"] = (random.random(SIZE) < columns["champion"]).astype(float)
    return Pairs(**(columns | more))


def test_models_that_agree_pass() -> None:
    verdict = judge(made(), POLICY)
    assert verdict.status == "pass"
    assert "without labels" in verdict.why
    assert verdict.details["p95_seconds"] == [pytest.approx(0.02), None]
    assert "95% of replayed answers within 20 ms" in verdict.measured
    assert "loss" not in verdict.measured


@pytest.mark.parametrize(("size", "missing"), [(0, 1_000), (900, 100), (999, 1)])
def test_too_few_pairs_are_inconclusive(size: int, missing: int) -> None:
    assert needed(judge(made().first(size), POLICY)) == missing


def test_pairs_of_few_days_are_inconclusive() -> None:
    few = made(cluster=np.repeat(["Monday", "Tuesday"], SIZE // 2))
    assert needed(judge(few, POLICY)) == 8


def test_pairs_without_both_scores_compare_nothing() -> None:
    verdict = judge(made(champion=np.full(SIZE, np.nan)), POLICY)
    assert (verdict.status, needed(verdict)) == ("hold", SIZE)
    assert verdict.details["failures"]["difference"] == 0, "what could be compared is told"


def test_a_candidate_that_fails_every_row_is_stopped_before_the_first_look() -> None:
    broken = made(failing=1.1).first(50)
    assert judge(broken, POLICY).status == "fail"
    assert needed(judge(broken.first(49), POLICY)) == 951
    failed = np.ones(SIZE, bool)
    assert judge(made(failing=1.1, champion_failed=failed), POLICY).status == "hold"


def test_failures_far_apart_are_no_breakdown() -> None:
    every = np.arange(SIZE) % 3 == 0
    assert not breaks_down(made(candidate_failed=every), 50)
    assert breaks_down(made(candidate_failed=np.arange(SIZE) % 2 == 0), 50)


@pytest.mark.parametrize(("size", "looked"), [(1_000, 1_000), (1_999, 1_000), (3_999, 2_000)])
def test_a_look_is_at_each_doubling(size: int, looked: int) -> None:
    """What came since the last look changes no verdict."""
    verdict = judge(made().first(size), POLICY)
    assert verdict.details["pairs"] == looked
    assert verdict == judge(made().first(looked), POLICY)


def test_what_is_undecided_waits_for_the_next_look_and_after_the_last_for_a_person() -> None:
    policy = Policy(pairs=500, clusters=2)
    for size, missing in ((500, 500), (700, 300), (2_000, 2_000), (4_000, 0)):
        assert needed(judge(made(failing=0.006).first(size), policy)) == missing, size


def test_requests_of_one_moment_are_in_one_block() -> None:
    many = blocks(np.repeat(np.arange(80)[::-1].astype(str), 3))
    assert many.tolist() == sorted(many.tolist())
    assert np.bincount(many).tolist() == [6] * 40
    assert blocks(np.array(["b", "a", "b"])).tolist() == [0, 1, 0]
    assert blocks(np.array([], dtype=str)).tolist() == []


def test_failures_where_the_champion_answers_fail() -> None:
    verdict = judge(made(failing=0.02), POLICY)
    assert verdict.status == "fail"
    assert verdict.details["failures"]["lower"] > POLICY.errors


@pytest.mark.parametrize(("failed", "status"), [(0, "pass"), (1, "hold"), (2, "hold")])
def test_few_failures_of_a_thousand_are_bounded_exactly(failed: int, status: str) -> None:
    """Of candidates that fail 5 of 1,000 rows, 4% show at most one failure there, 12% two."""
    bad = np.arange(SIZE) % 400 == 0
    bad &= np.cumsum(bad) <= failed
    scores = np.where(bad, np.nan, made().champion)
    pairs = made(candidate=scores, candidate_failed=bad, cluster=np.arange(SIZE).astype(str))
    assert judge(pairs.first(1_000), POLICY).status == status


def test_failures_of_both_are_nobodys_fault() -> None:
    bad = np.random.default_rng(1).random(SIZE) < 0.2
    nothing = np.where(bad, np.nan, 0.4)
    both = made(champion=nothing, candidate=nothing, champion_failed=bad, candidate_failed=bad)
    assert judge(both, POLICY).status == "pass"


def test_changed_answers_hold_unless_the_holdout_has_shown_them() -> None:
    verdict = judge(made(noise=1.0), POLICY)
    assert (verdict.status, needed(verdict)) == ("hold", None)
    assert "nobody knows" in verdict.why
    assert judge(made(noise=1.0, expected_flips=0.1), POLICY).status == "pass"
    verdict = judge(made(noise=1.0, expected_flips=0.01), POLICY)
    assert verdict.status == "fail"
    assert "than the holdout has shown" in verdict.why


def test_a_worse_loss_fails_by_labels() -> None:
    verdict = judge(made(worse=1.0, expected_flips=0.2, labelled=True), POLICY)
    assert verdict.status == "fail"
    assert "loss" in verdict.why
    assert verdict.details["mcnemar"] < -3


def test_a_like_loss_passes_by_labels() -> None:
    verdict = judge(made(labelled=True), POLICY)
    assert verdict.status == "pass"
    assert "with labels" in verdict.why
    assert "on 4,000 labelled rows" in verdict.measured


def test_labels_that_have_not_come_are_not_zero() -> None:
    labels = made(labelled=True).labels.copy()
    labels[100:] = np.nan
    verdict = judge(made(worse=1.0, expected_flips=0.2, labels=labels), POLICY)
    assert verdict.details["loss"] is None
    assert "without labels" in verdict.why


def test_segments_show_where_they_differ() -> None:
    carrier = np.where(np.arange(SIZE) % 3 == 0, "AA", "UA")
    pairs = made(segments={"carrier": carrier})
    shifted = np.where(carrier == "AA", 1 - pairs.champion, pairs.champion)
    verdict = judge(made(segments={"carrier": carrier}, candidate=shifted), POLICY)
    ua, aa = verdict.details["segments"]["carrier"]
    assert (ua["value"], ua["pairs"], ua["flips"]) == ("UA", 2_666, 0)
    assert (aa["value"], aa["flips"]) == ("AA", 1)
    assert aa["mean_delta"] > 0.3


def test_a_number_has_no_threshold_to_cross() -> None:
    prices = np.linspace(10, 20, SIZE)
    pairs = made(
        champion=prices,
        candidate=prices + 0.1,
        task="regression",
        threshold=None,
        own_threshold=None,
        labels=prices,
    )
    assert not changed(pairs).any()
    assert judge(pairs, POLICY).status == "fail"


def test_classes_change_where_the_first_one_does() -> None:
    champion = np.tile([0.6, 0.3, 0.1], (SIZE, 1))
    candidate = champion.copy()
    candidate[::2] = [0.3, 0.6, 0.1]
    pairs = made(champion=champion, candidate=candidate, task="multiclass", threshold=None)
    assert changed(pairs).mean() == 0.5
    assert judge(pairs, POLICY).details["largest_delta"] == pytest.approx(0.3)


def test_few_days_with_failures_are_not_proof() -> None:
    """All in one of twelve days: it may be that day."""
    bad = np.zeros(SIZE, bool)
    bad[:320:5] = True
    days = (np.arange(SIZE) * 12 // SIZE).astype(str)
    scores = np.where(bad, np.nan, made().champion)
    verdict = judge(made(candidate=scores, candidate_failed=bad, cluster=days), POLICY)
    assert needed(verdict) == SIZE
    assert verdict.details["could_have_missed"] > POLICY.errors
