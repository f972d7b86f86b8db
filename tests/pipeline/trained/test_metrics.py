from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.trained import metrics as quality

OBSERVED = np.array([0, 0, 1, 1])
SCORES = np.array([0.1, 0.4, 0.35, 0.8])


def test_binary_measures_by_hand() -> None:
    measured = quality.binary(OBSERVED, SCORES, 0.5)
    loss = -sum(map(math.log, [0.9, 0.6, 0.35, 0.8])) / 4
    assert measured["log_loss"] == pytest.approx(loss)
    assert measured["brier"] == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)
    assert measured["auc"] == pytest.approx(0.75)
    assert (measured["precision"], measured["recall"], measured["accuracy"]) == (1, 0.5, 0.75)


def test_a_score_at_the_threshold_is_positive() -> None:
    assert quality.binary(OBSERVED, SCORES, 0.8)["recall"] == 0.5
    assert quality.binary(OBSERVED, SCORES, 0.81)["recall"] == 0


def test_a_slice_of_one_class_has_no_auc() -> None:
    assert "auc" not in quality.binary(np.array([1, 1]), np.array([0.5, 0.6]), 0.5)


def test_certain_and_wrong_is_finite() -> None:
    assert quality.log_loss(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(16.12, abs=0.01)


def test_two_classes_measure_the_same_as_binary() -> None:
    both = np.column_stack([1 - SCORES, SCORES])
    many, two = quality.multiclass(OBSERVED, both), quality.binary(OBSERVED, SCORES, 0.5)
    assert many["log_loss"] == pytest.approx(two["log_loss"])
    assert many["auc"] == pytest.approx(two["auc"])
    assert many["brier"] == pytest.approx(2 * two["brier"])


def test_regression_measures_by_hand() -> None:
    measured = quality.regression(np.array([1.0, 3.0]), np.array([2.0, 5.0]))
    assert measured == pytest.approx(
        {"rmse": math.sqrt(2.5), "mae": 1.5, "r2": 1 - 2.5 / 1, "bias": 1.5}
    )


def test_the_baseline_knows_only_frequencies() -> None:
    label, observed = np.array([0, 0, 0, 1]), np.array([0, 1])
    loss = -(math.log(0.75) + math.log(0.25)) / 2
    assert quality.baseline("binary", label, observed, 2) == pytest.approx(loss)
    assert quality.baseline("regression", np.array([1.0, 3.0]), np.array([4.0]), 0) == 2


def test_the_best_f1_is_found() -> None:
    assert quality.best_f1(OBSERVED, SCORES) == 0.35


def test_calibration_of_calibrated_scores_is_near_the_diagonal() -> None:
    random = np.random.default_rng(0)
    scores = random.random(50_000)
    observed = (random.random(50_000) < scores).astype(int)
    assert quality.calibration_error(observed, scores) < 0.01
    assert quality.calibration_error(observed, scores**2) > 0.1


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_curves_are_monotone(task: str) -> None:
    scores = np.column_stack([1 - SCORES, SCORES]) if task == "multiclass" else SCORES
    errors = [point["error"] for point in quality.errors(task, OBSERVED, scores)]
    assert errors == sorted(errors)
    rates = [point["true_positive_rate"] for point in quality.roc(task, OBSERVED, scores)]
    assert rates == sorted(rates)
    assert bool(rates) == (task != "regression")
