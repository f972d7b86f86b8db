"""Metrics agree with scikit-learn, and with what the pipeline shows of the same scores."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from delivery.gates.numbers.metrics import (
    HIGHER_IS_BETTER,
    LOSS_NAMES,
    auc,
    calibration,
    calibration_error,
    confidence,
    dummy_scores,
    flips,
    losses,
    roc,
    summary,
)
from pipeline.trained import metrics as quality

RANDOM = np.random.default_rng(0)
SCORES = np.round(RANDOM.random(500), 2)  # rounded: ties
LABELS = (RANDOM.random(500) < SCORES).astype(int)
THREE = RANDOM.dirichlet([1, 1, 1], 500)
CLASSES = RANDOM.integers(0, 3, 500)


def test_log_loss_agrees_with_scikit_learn() -> None:
    safe = np.clip(SCORES, 0.01, 0.99)
    assert losses("binary", LABELS, safe).mean() == pytest.approx(reference.log_loss(LABELS, safe))
    assert losses("multiclass", CLASSES, THREE).mean() == pytest.approx(
        reference.log_loss(CLASSES, THREE)
    )


@pytest.mark.parametrize("scores", [SCORES, np.round(SCORES, 1), np.round(SCORES), -SCORES])
def test_the_curve_and_its_area_agree_with_scikit_learn(scores: np.ndarray) -> None:
    """With ties too: tied rows are one step of the curve."""
    assert auc(LABELS, scores) == pytest.approx(reference.roc_auc_score(LABELS, scores))
    false, true, _ = reference.roc_curve(LABELS, scores, drop_intermediate=False)
    points = np.array(roc(LABELS, scores, points=len(LABELS) + 1))
    assert points == pytest.approx(np.column_stack([false, true]))


@pytest.mark.parametrize("certain", [SCORES, np.round(SCORES)])
def test_the_pipeline_and_the_gates_mean_the_same_by_a_log_loss(certain: np.ndarray) -> None:
    both = np.column_stack([1 - certain, certain])
    assert quality.log_loss(LABELS, both) == pytest.approx(losses("binary", LABELS, certain).mean())


def test_the_calibration_curve_agrees_with_scikit_learn() -> None:
    distinct = RANDOM.random(500)
    observed, predicted = calibration_curve(LABELS, distinct, n_bins=10, strategy="quantile")
    bins = calibration(LABELS, distinct)
    assert [part["observed"] for part in bins] == pytest.approx(observed)
    assert [part["predicted"] for part in bins] == pytest.approx(predicted)


def test_the_roc_curve_ends_where_it_must_and_has_the_area() -> None:
    points = np.array(roc(LABELS, SCORES))
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [1, 1]
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(auc(LABELS, SCORES))


def test_certainty_that_is_wrong_costs_much_but_not_infinitely() -> None:
    assert losses("binary", np.array([0]), np.array([1.0]))[0] == pytest.approx(16.1, abs=0.1)


def test_answers_change_across_each_models_threshold_or_with_the_most_probable_class() -> None:
    one, two = np.array([0.2, 0.5, 0.8]), np.array([0.2, 0.6, 0.7])
    assert flips("binary", (one, 0.5), (two, 0.5)).tolist() == [False, True, False]
    assert flips("binary", (one, 0.5), (two, 0.65)).tolist() == [False, False, False]
    assert not flips("binary", (one, None), (two, 0.5)).any()
    assert not flips("regression", (one, None), (two, None)).any()
    classes = np.array([[0.1, 0.9], [0.6, 0.4]])
    swapped = (classes[:, ::-1], None)
    assert flips("multiclass", (classes, None), swapped).tolist() == [True, True]


def test_nan_scores_stay_nan() -> None:
    assert np.isnan(losses("binary", np.array([1]), np.array([np.nan]))).all()
    assert np.isnan(losses("regression", np.array([1.0]), np.array([np.nan]))).all()


def test_one_class_has_no_auc() -> None:
    assert auc(np.ones(3, dtype=int), np.arange(3.0)) is None
    assert roc(np.ones(3, dtype=int), np.arange(3.0)) == [(0, 0), (1, 1)]


def test_calibration_bins_hold_every_row_once() -> None:
    bins = calibration(LABELS, SCORES)
    assert sum(part["rows"] for part in bins) == 500
    assert calibration_error(np.array([0, 1] * 50), np.full(100, 0.5)) == pytest.approx(0)


def require_summary(found: dict[str, float | None], expected: dict[str, float | None]) -> None:
    """The same names in the same order: the primary metric comes first."""
    assert list(found) == list(expected)
    assert found == pytest.approx(expected)
    assert set(found) & {"AUC", "accuracy", "R²"} == set(found) & HIGHER_IS_BETTER


def test_a_summary_of_values_agrees_with_scikit_learn() -> None:
    values = RANDOM.normal(3, 2, 500)
    scores = values + RANDOM.normal(0.5, 1, 500)
    expected = {
        "squared error": reference.mean_squared_error(values, scores),
        "RMSE": reference.root_mean_squared_error(values, scores),
        "MAE": reference.mean_absolute_error(values, scores),
        "R²": reference.r2_score(values, scores),
    }
    require_summary(summary("regression", values, scores), expected)
    assert summary("regression", np.full(3, 2.0), np.arange(3.0))["R²"] is None


def test_a_summary_of_two_classes_agrees_with_scikit_learn() -> None:
    expected = {
        "log loss": reference.log_loss(LABELS, np.clip(SCORES, 1e-7, 1 - 1e-7)),
        "AUC": reference.roc_auc_score(LABELS, SCORES),
        "Brier": reference.brier_score_loss(LABELS, SCORES),
        "calibration error": calibration_error(LABELS, SCORES),
    }
    require_summary(summary("binary", LABELS, SCORES), expected)


def test_a_summary_of_several_classes_agrees_with_scikit_learn() -> None:
    expected = {
        "log loss": reference.log_loss(CLASSES, THREE),
        "accuracy": reference.accuracy_score(CLASSES, THREE.argmax(axis=1)),
        "Brier": reference.brier_score_loss(CLASSES, THREE, labels=[0, 1, 2], scale_by_half=False),
    }
    require_summary(summary("multiclass", CLASSES, THREE), expected)
    assert set(expected) >= {LOSS_NAMES["multiclass"], LOSS_NAMES["binary"]}


def test_a_roc_curve_has_as_many_points_as_asked_for() -> None:
    scores = RANDOM.random(500)
    assert len(roc(LABELS, scores)) == 120
    assert len(roc(LABELS, scores, points=10)) == 10


def test_scores_that_are_no_numbers_separate_nothing() -> None:
    labels, scores = np.array([0, 1, 0, 1]), np.array([0.1, np.nan, 0.2, 0.3])
    assert auc(labels, scores) is None
    assert auc(np.zeros(3, dtype=int), np.arange(3.0)) is None
    assert auc(np.array([0, 1]), np.array([0.2, 0.1])) == 0


def test_ten_calibration_bins_have_the_lowest_scores_first() -> None:
    """Rows of one score stay in their order, so the bins are the same everywhere."""
    assert len(calibration(LABELS, SCORES)) == 10
    assert [part["predicted"] for part in calibration(LABELS, SCORES, bins=2)] == pytest.approx(
        [np.sort(SCORES)[:250].mean(), np.sort(SCORES)[250:].mean()]
    )
    halves = calibration(np.array([0, 1] * 20), np.full(40, 0.5), bins=20)
    assert [part["observed"] for part in halves] == [0.5] * 20
    assert [part["rows"] for part in calibration(np.zeros(3), np.arange(3.0))] == [1, 1, 1]


def test_of_several_classes_the_curve_is_of_the_top_one() -> None:
    right, top = confidence("multiclass", CLASSES, THREE)
    assert right.mean() == reference.accuracy_score(CLASSES, THREE.argmax(axis=1))
    assert [*top] == [max(row) for row in THREE]
    for task in ("binary", "regression"):
        labels, scores = confidence(task, LABELS, SCORES)
        assert (labels is LABELS, scores is SCORES) == (True, True)


def test_a_score_that_rounding_lifts_above_one_costs_nothing_and_no_less() -> None:
    assert [*losses("binary", np.array([1]), np.array([1 + 1e-7]))] == [0]


def test_a_calibration_error_weighs_bins_by_their_rows() -> None:
    labels, scores = np.zeros(11, dtype=int), np.linspace(0.0, 1.0, 11)
    bins = calibration(labels, scores)
    assert sorted({part["rows"] for part in bins}) == [1, 2]
    assert calibration_error(labels, scores) == pytest.approx(scores.mean())


def test_a_dummy_answers_the_training_distribution() -> None:
    assert dummy_scores("binary", np.array([0, 1, 1, 1]), 2, 2).tolist() == [0.75, 0.75]
    assert dummy_scores("multiclass", np.array([0, 2]), 1, 3).tolist() == [[0.5, 0.0, 0.5]]
    assert dummy_scores("regression", np.array([1.0, 3.0]), 1, 0).tolist() == [2.0]
