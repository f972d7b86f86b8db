"""An exam that went far better than the one before is no proof, and a reason to look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality.too_good import Evidence, Policy, judge, relative
from delivery.gates.verdict import Verdict

ROWS, DAYS = 2_000, 40


def exam(loss: float, dummy: float = 1.0, noise: float = 0.1, seed: int = 0) -> PairedLosses:
    """Losses around `loss` and `dummy`, over 40 days."""
    random = np.random.default_rng(seed)
    rows = loss * (1 + noise * random.standard_normal(ROWS))
    return PairedLosses("loss", rows, np.full(ROWS, dummy), np.arange(ROWS) % DAYS)


def judged(holdout: PairedLosses | None, validation: PairedLosses | None = None) -> Verdict:
    return judge(Evidence(holdout, validation or exam(0.8, seed=1)), Policy(share=0.75))


@pytest.mark.parametrize(
    ("loss", "status"),
    [(0.3, "hold"), (0.58, "hold"), (0.62, "pass"), (0.8, "pass"), (1.2, "pass")],
)
def test_a_loss_below_the_share_of_validations_holds(loss: float, status: str) -> None:
    """0.75 · 0.8 is 0.6."""
    assert judged(exam(loss)).status == status


@pytest.mark.parametrize("hardness", [0.2, 1.0, 5.0])
def test_an_easy_month_is_no_reason(hardness: float) -> None:
    """A dummy finds it easy as well."""
    assert judged(exam(0.8 * hardness, dummy=hardness)).status == "pass"
    assert judged(exam(0.4 * hardness, dummy=hardness)).status == "hold"


def test_what_chance_can_do_passes() -> None:
    """The same means, and days that differ much: no difference is shown."""
    days = np.random.default_rng(0).exponential(1.0, DAYS)
    wide = replace(exam(0.5), candidate=0.5 * days[np.arange(ROWS) % DAYS])
    wide = replace(wide, candidate=wide.candidate * 0.55 / wide.candidate.mean())
    assert judged(exam(0.55)).status == "hold"
    assert judged(wide).status == "pass"
    assert judged(exam(0.55), replace(wide, candidate=wide.candidate * 0.8 / 0.55)).status == "pass"


def test_one_day_however_long_is_one_day() -> None:
    short = replace(exam(0.1), clusters=np.arange(ROWS) % 9)
    verdict = judged(short)
    assert verdict.status == "pass"
    assert "cannot be told: 9 clusters" in verdict.why


@pytest.mark.parametrize("part", [0, 1])
def test_without_one_of_the_exams_nothing_is_told(part: int) -> None:
    exams = [exam(0.1), exam(0.8)]
    exams[part] = None  # type: ignore[call-overload]
    verdict = judge(Evidence(*exams, missing="no scores of validation"), Policy())
    assert (verdict.status, verdict.measured) == ("pass", "not compared")
    assert "no scores of validation" in verdict.why


def test_a_score_that_is_no_number_cannot_be_told() -> None:
    broken = exam(0.1)
    broken.candidate[0] = np.nan
    assert "no finite loss" in judged(broken).why


def test_the_bounds_hold_the_ratio_as_often_as_they_promise() -> None:
    """One-sided 99% each, of days that differ."""
    random = np.random.default_rng(3)
    misses = 0
    for _ in range(100):
        days = random.gamma(4, 0.25, 31)[np.arange(620) % 31]
        noise = random.exponential(0.7, 620)
        measured = relative(PairedLosses("loss", days * noise, days, np.arange(620) % 31))
        misses += not measured.lower <= 0.7 <= measured.upper
    assert misses <= 9, "2 are expected of 100; 9 would be far beyond chance"


def test_a_dummy_that_is_never_wrong_leaves_nothing_to_compare() -> None:
    assert judged(exam(0.0, dummy=0.0)).status == "pass"
