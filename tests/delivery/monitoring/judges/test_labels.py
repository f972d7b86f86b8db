"""Coverage, and the chart of the paired loss: what it finds, and how often it errs."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from delivery.monitoring.judges.labels import (
    LEAST_DAYS,
    RUN,
    Paired,
    auc,
    chart,
    coverage,
    judge,
    limit,
    paired,
)
from delivery.monitoring.judges.rows import DAY, Log
from delivery.settings.monitoring import Labels, Monitoring
from tests.delivery.monitoring.logged import changed, log

POLICY = Monitoring.model_validate({"drift": {"rows": 100}, "labels": {"delay_days": 2}})
assert POLICY.labels


@pytest.mark.parametrize(("known", "status"), [(0.85, "pass"), (0.7, "alarm"), (0.0, "alarm")])
def test_coverage_is_asked_for_after_the_delay(known: float, status: str) -> None:
    def forget(labels: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(labels)) % 100 < 100 * known, labels, np.nan)

    made = changed(changed(log(12), 0, labels=forget), 10, labels=np.nan)  # the newest are not due
    assert coverage(made, POLICY).status == status


def test_the_delay_stands_beside_the_coverage() -> None:
    made = replace(log(12), delays=np.arange(1, 101) * DAY / 10)
    found = coverage(made, POLICY)
    assert found.measured == "100.0%; half came within 5 days, 9 of 10 within 9"
    assert found.details["coverage"] == 1
    assert "delay_p90_days" not in coverage(log(12), POLICY).details


def test_labels_that_nobody_expects_are_no_alarm() -> None:
    assert coverage(log(12), Monitoring()).status == "no verdict"


@pytest.mark.parametrize(("days", "status"), [(7, "alarm"), (2, "pass"), (0, "pass")])
def test_labels_of_other_rows_are_found(days: int, status: str) -> None:
    made = log(12)
    moved = changed(made, 10 - days, until=10, labels=lambda labels: 1 - labels)
    found = auc(changed(moved, 10, labels=np.nan), POLICY)  # the newest are not due
    assert found.status == status
    assert (float(found.measured) <= 0.5) == (status == "alarm")


def test_a_day_of_one_class_or_of_few_labels_has_no_area() -> None:
    one = changed(log(12), 5, until=6, labels=1.0)
    few = changed(log(12), 5, until=6, labels=np.nan)
    assert [auc(made, POLICY).status for made in (one, few)] == ["no verdict"] * 2


def test_only_two_classes_have_a_curve() -> None:
    made = log(12)
    contract = made.contract.model_copy(update={"task": "regression"})
    found = auc(Log(made.rows, made.until, contract), POLICY)
    assert (found.status, found.why) == ("no verdict", "only two classes have one")


def differences(made: Log, previous: np.ndarray, labels: Labels | None = None) -> Paired:
    return paired(made, previous, labels)


def test_releases_are_compared_on_the_same_rows_by_day() -> None:
    """A model that is right loses least: every other one is worse, on average."""
    made = log(20)
    shifted = np.clip(made.rows.scores + 0.3, 0.01, 0.99)
    found = differences(made, shifted)
    assert len(found.days) == 20
    assert found.differences.mean() < -0.1
    row = slice(0, 200)
    p, q, y = made.rows.scores[row], shifted[row], made.rows.labels[row] == 1
    loss = lambda s: -np.log(np.where(y, s, 1 - s))  # noqa: E731 - the textbook's line
    assert found.differences[0] == pytest.approx((loss(p) - loss(q)).mean())


def test_labels_that_are_not_due_and_days_with_few_are_left_out() -> None:
    made = changed(log(20), 5, until=6, labels=np.nan)
    found = differences(made, made.rows.scores, POLICY.labels)
    assert len(found.days) == 17  # without one day, and without two that may still change
    assert np.all(np.diff(found.days) > 0)


def test_a_row_that_the_other_could_not_score_is_left_out() -> None:
    made = log(20)
    assert len(differences(made, np.full(len(made.rows), np.nan)).days) == 0


def noise(days: int, shift: float, seed: int) -> Paired:
    random = np.random.default_rng(seed)
    return Paired("binary", np.arange(days) * DAY, random.normal(shift, 0.02, days))


def test_a_worse_release_is_found_and_a_better_one_is_none() -> None:
    statuses = [[judge(noise(30, shift, seed), POLICY).status for seed in range(40)]
                for shift in (-0.03, 0.0, 0.05)]  # fmt: skip
    assert statuses[0].count("alarm") == 0
    assert statuses[1].count("alarm") <= 6
    assert statuses[2].count("alarm") >= 36


def test_days_are_needed() -> None:
    assert judge(None, POLICY).status == "no verdict"
    assert judge(noise(LEAST_DAYS - 1, 1, 1), POLICY).status == "no verdict"
    assert judge(noise(LEAST_DAYS, 1, 1), POLICY).status == "alarm"


def test_the_limit_is_passed_once_in_a_year_of_normal_noise() -> None:
    """The run length of Siegmund's formula, against a walk of half a million days."""
    random = np.random.default_rng(3)
    bound, value, alarms = limit(0.02, 0.03), 0.0, 0
    for step in random.normal(0, 0.02, 500_000):
        value = max(0.0, value + float(step) - 0.015)
        if value > bound:
            alarms, value = alarms + 1, 0.0
    assert 500_000 / alarms == pytest.approx(RUN, rel=0.1)


def test_noise_that_lasts_for_days_raises_the_limit() -> None:
    random = np.random.default_rng(5)
    steps = random.normal(0, 0.02, 200)
    alike = np.convolve(steps, np.ones(3) / math.sqrt(3), mode="valid")
    assert chart(alike, 0.03).limit > 1.2 * chart(steps, 0.03).limit


def test_equal_releases_have_no_noise_and_no_alarm() -> None:
    assert judge(Paired("binary", np.arange(20) * DAY, np.zeros(20)), POLICY).status == "pass"
