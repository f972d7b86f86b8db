"""The bento must answer what the trained model answered."""

from __future__ import annotations

import numpy as np
import pytest

from delivery.gates.service.parity import Evidence, Policy, judge

INSTANCES = [{"a": 1}, {"a": 2}, {"a": 3}]
EXPECTED = np.array([0.1, 0.2, 0.3])
LIMIT = Policy(tolerance=2**-10)


def answered(*values: float) -> Evidence:
    return Evidence(INSTANCES, EXPECTED, np.array(values))


@pytest.mark.parametrize(("factor", "status"), [(0.99, "pass"), (1.0, "pass"), (1.01, "fail")])
def test_the_tolerance_is_allowed_and_not_more(factor: float, status: str) -> None:
    expected = np.zeros(3)
    evidence = Evidence(INSTANCES, expected, np.array([0, factor * 2**-10, 0]))
    assert judge(evidence, LIMIT).status == status


def test_the_worst_example_is_named_and_the_wrong_ones_are_counted() -> None:
    verdict = judge(answered(0.1, 0.7, 0.4), LIMIT)
    assert verdict.status == "fail"
    assert "2 of 3 examples differ" in verdict.why
    assert 'example 2: 0.7 instead of 0.2 for {"a": 2}' in verdict.why
    assert verdict.details["worst"]["instance"] == {"a": 2}


def test_large_answers_are_compared_relative_to_their_size() -> None:
    expected = np.array([500_000.0])
    close = Evidence([{}], expected, expected + 0.03)  # a step of float32 at this size
    assert judge(close, Policy()).status == "pass"
    assert judge(Evidence([{}], expected, expected + 50), Policy()).status == "fail"


def test_every_class_counts() -> None:
    expected = np.array([[0.2, 0.8], [0.5, 0.5]])
    verdict = judge(Evidence([{}, {}], expected, np.array([[0.2, 0.8], [0.4, 0.6]])), LIMIT)
    assert verdict.status == "fail"
    assert "example 2" in verdict.why


def test_missing_answers_are_a_failure_and_no_answers_a_hold() -> None:
    assert judge(answered(0.1, 0.2), LIMIT).status == "fail"
    assert judge(Evidence(INSTANCES, EXPECTED, None, "no server"), LIMIT).why == "no server"
    assert judge(Evidence(INSTANCES, None, EXPECTED), LIMIT).status == "hold"
    assert judge(Evidence([], np.array([]), np.array([])), LIMIT).status == "hold"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_answers_that_are_not_finite_hold(value: float) -> None:
    verdict = judge(answered(0.1, value, 0.3), LIMIT)
    assert verdict.status == "hold"
    assert "example 2" in verdict.why


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_examples_that_are_not_finite_hold_whatever_the_service_answers(value: float) -> None:
    """A comparison with NaN is false, so no difference would ever be too large."""
    expected = np.array([0.1, value, 0.3])
    for answers in (EXPECTED, expected):
        verdict = judge(Evidence(INSTANCES, expected, answers), LIMIT)
        assert verdict.status == "hold"
        assert "example 2" in verdict.why


@pytest.mark.parametrize(("least", "status"), [(3, "pass"), (4, "hold")])
def test_too_few_examples_hold(least: int, status: str) -> None:
    assert judge(answered(*EXPECTED), Policy(minimum_examples=least)).status == status
