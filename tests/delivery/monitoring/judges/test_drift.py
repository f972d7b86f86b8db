"""Scores that moved for two windows alarm; one window, and inputs, do not."""

from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.rollout.scores import psi
from delivery.monitoring.judges.drift import moved, scores, windows
from delivery.settings.monitoring import Monitoring
from tests.delivery.monitoring.logged import changed, log

POLICY = Monitoring.model_validate({"drift": {"rows": 100}})


def lower(values: np.ndarray) -> np.ndarray:
    return values * 0.6


@pytest.mark.parametrize(
    ("since", "until", "status"),
    [(28, 42, "alarm"), (35, 42, "pass"), (28, 35, "pass"), (42, 42, "pass")],
)
def test_two_windows_running_alarm(since: int, until: int, status: str) -> None:
    made = changed(log(42), since, until=until, scores=lower)
    assert scores(made, POLICY).status == status


def test_a_shift_within_the_limit_passes() -> None:
    made = changed(log(42), 28, scores=lambda values: values * 0.97)
    finding = scores(made, POLICY)
    assert finding.status == "pass"
    assert max(finding.details["psi"]) < POLICY.drift.psi


def test_the_index_is_that_of_the_window_against_the_four_before() -> None:
    made = changed(log(42), 28, scores=lower)
    newest, older = windows(made, POLICY)
    rows = made.rows
    day = (rows.time - rows.time[0]) // 86_400
    now, before = rows.scores[day >= 35], rows.scores[(day >= 7) & (day < 35)]
    assert newest.psi == psi(before, now)[0]
    assert (newest.rows, newest.before, older.rows) == (1400, 5600, 1400)


def test_without_rows_before_two_windows_there_is_no_verdict() -> None:
    assert scores(log(13), POLICY).status == "no verdict"
    assert scores(log(14), POLICY).status == "no verdict"
    assert scores(log(42, a_day=10), POLICY).status == "no verdict"


def test_the_probability_of_the_top_class_is_the_score_of_several() -> None:
    made = log(42)
    many = np.stack([made.rows.scores, 1 - made.rows.scores], axis=1)
    both = changed(made, 0)
    object.__setattr__(both.rows, "scores", many)
    assert scores(both, POLICY).status == "pass"
    assert np.array_equal(both.rows.single_scores(), many.max(axis=1))


def test_inputs_that_moved_are_named_with_the_largest_first() -> None:
    made = changed(
        log(42), 35, inputs={"heat": lambda x: x + 12, "carrier": lambda x: np.full(len(x), "AA")}
    )
    found = moved(made, POLICY)
    assert set(list(found)[:2]) == {"heat", "carrier"}
    assert found["count"] < 0.05 < found["heat"]
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_missing_values_are_a_bin_of_their_own() -> None:
    made = changed(log(42), 35, inputs={"heat": lambda x: np.where(x < 66, np.nan, x)})
    assert moved(made, POLICY)["heat"] > 1


def test_nothing_is_said_about_inputs_of_few_rows() -> None:
    assert moved(log(3), POLICY) == {}
