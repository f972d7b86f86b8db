"""Do the scores lie where the champion's lie?"""

from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout.decision import needed
from delivery.gates.rollout.scores import Policy, Scores, judge, psi

POLICY = Policy()


def scores(seed: int, users: int, *, rows: int = 1, shift: float = 0.0) -> Scores:
    """Each user has a level of its own, which all its rows share."""
    random = np.random.default_rng([seed, 20])
    who = np.repeat(np.arange(users), rows)
    logits = random.normal(shift, 1, users)[who] + random.normal(0, 0.1, users * rows)
    return Scores(1 / (1 + np.exp(-logits)), who.astype(str))


def test_too_few_users_say_nothing_however_many_rows() -> None:
    verdict = judge(scores(1, 2_000), scores(2, 400, rows=50), 0.0, POLICY)
    assert needed(verdict) == 600


def test_no_scores_are_no_pass() -> None:
    none = Scores(np.empty(0), np.empty(0, dtype=str))
    assert needed(judge(none, none, 0.0, POLICY)) == 1_000


def test_rows_of_nobody_known_count_each() -> None:
    nobody = Scores(np.linspace(0, 1, 1_500), np.full(1_500, ""))
    assert nobody.entities() == 1_500
    assert judge(nobody, nobody, 0.0, POLICY).status == "pass"


def test_equal_releases_pass() -> None:
    found = [
        judge(scores(seed, 1_000, rows=3), scores(seed + 100, 1_000, rows=3), 0.0, POLICY).status
        for seed in range(30)
    ]
    assert found.count("pass") == 30


def test_a_shift_holds_and_waiting_does_not_help() -> None:
    verdict = judge(scores(1, 2_000), scores(2, 2_000, shift=0.5), 0.0, POLICY)
    assert (verdict.status, needed(verdict)) == ("hold", None)


def test_a_shift_that_the_holdout_has_shown_was_agreed_to() -> None:
    assert judge(scores(1, 2_000), scores(2, 2_000, shift=0.5), 0.2, POLICY).status == "pass"


def test_a_score_that_is_no_number_is_not_left_out() -> None:
    broken = Scores(np.full(1_500, np.nan), np.full(1_500, ""))
    assert judge(scores(1, 1_500), broken, 0.0, POLICY).measured == "not finite"


def test_the_index_by_hand() -> None:
    one, two = np.repeat([0.0, 1.0], [90, 10]), np.repeat([0.0, 1.0], [80, 20])
    expected = (0.8 - 0.9) * np.log(0.8 / 0.9) + (0.2 - 0.1) * np.log(0.2 / 0.1)
    index, bins = psi(one, two)
    assert index == pytest.approx(expected)
    assert bins == 2


def test_every_tenth_of_the_reference_weighs_the_same() -> None:
    reference = np.linspace(0, 1, 1_000)
    assert psi(reference, reference) == (0.0, 10)
    tenths = np.split(reference, 10)
    without = [psi(reference, np.concatenate(tenths[:k] + tenths[k + 1 :]))[0] for k in range(10)]
    assert without == pytest.approx(without[:1] * 10)


def test_a_bin_that_nobody_is_in_does_not_make_it_infinite() -> None:
    assert np.isfinite(psi(np.linspace(0, 1, 1_000), np.zeros(1_000))[0])
