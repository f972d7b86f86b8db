"""What a model would gain by having its scores turned."""

from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.numbers.recalibration import recalibrate


def drawn(rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from known probabilities."""
    random = np.random.default_rng(0)
    scores = 1 / (1 + np.exp(-random.normal(0, 1.5, rows)))
    return (random.random(rows) < scores).astype(np.int64), scores


def test_a_calibrated_model_gains_nothing() -> None:
    found = recalibrate("binary", *drawn())
    assert found.slope == pytest.approx(1, abs=0.05)
    assert found.intercept == pytest.approx(0, abs=0.05)
    assert 0 <= found.gains.mean() < 5e-4


@pytest.mark.parametrize(("turn", "shift"), [(2.0, 0.0), (0.5, 0.0), (1.0, 1.0), (-1.0, 0.5)])
def test_the_line_turns_scores_back(turn: float, shift: float) -> None:
    labels, scores = drawn()
    turned = 1 / (1 + np.exp(-(shift + turn * np.log(scores / (1 - scores)))))
    found = recalibrate("binary", labels, turned)
    assert found.slope == pytest.approx(1 / turn, rel=0.06)
    assert found.intercept == pytest.approx(-shift / turn, abs=0.06)
    assert found.gains.mean() > 0.01


def test_separated_classes_and_certain_scores_keep_the_line_finite() -> None:
    labels = np.array([0] * 40 + [1] * 40)
    for scores in (labels * 1.0, 0.4 + 0.2 * labels, 1.0 - labels, np.full(80, 0.5)):
        found = recalibrate("binary", labels, scores)
        assert np.isfinite([found.intercept, found.slope]).all()
        assert np.isfinite(found.gains).all()
        assert found.gains.mean() >= -1e-9


def test_regression_is_turned_by_least_squares() -> None:
    values = np.linspace(0, 10, 50)
    found = recalibrate("regression", values, 3 + 2 * values)
    assert (found.slope, found.intercept) == pytest.approx((0.5, -1.5))
    assert found.gains == pytest.approx(np.square(3 + values))
    constant = recalibrate("regression", values, np.zeros(50))
    assert constant.gains.mean() == pytest.approx(25)


def test_several_classes_count_as_whether_the_top_one_was_right() -> None:
    labels, top = drawn()
    top = 0.5 + top / 2  # the first class is always on top, and right as often as it says
    random = np.random.default_rng(1)
    labels = np.where(random.random(len(top)) < top, 0, 1 + random.integers(0, 2, len(top)))
    scores = np.stack([top, (1 - top) / 2, (1 - top) / 2], axis=1)
    assert recalibrate("multiclass", labels, scores).gains.mean() < 5e-4
    sure = np.stack([0.5 + top / 2, (1 - top) / 4, (1 - top) / 4], axis=1)
    assert recalibrate("multiclass", labels, sure).gains.mean() > 0.01
