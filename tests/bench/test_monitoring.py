"""The simulation of the monitor, on a year that is made up."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.gates.page import BEGIN, END
from bench.monitoring import PAGE, at, first_alarm, joins_found, log_of, pairs, power
from bench.year.offline.rows import MONTHS, Year
from tests.checkout import ROOT

A_DAY = 60


@pytest.fixture(scope="module")
def made() -> Year:
    """Sixty rows a day; each model is a little off in its own way."""
    random = np.random.default_rng(1)
    when = pd.date_range("2013-01-01", "2014-01-01", periods=365 * A_DAY + 1, inclusive="left")
    truth = random.uniform(0.1, 0.9, len(when))
    rows = pd.DataFrame(
        {
            "when": when,
            "late": random.uniform(size=len(when)) < truth,
            "heat": random.normal(60, 5, len(when)),
            "carrier": random.choice(["AA", "UA"], len(when)),
        }
    )
    scores = {
        month: np.clip(truth + random.normal(0, 0.05, len(when)), 0.01, 0.99) for month in MONTHS
    }
    return Year(rows, "late", "when", ("heat", "carrier"), scores)


def test_the_year_becomes_a_log(made: Year) -> None:
    log = log_of(made)
    assert len(log.rows) == 365 * A_DAY
    assert log.rows.inputs["heat"].dtype == np.float64
    assert log.contract.inputs[1].categories == ("AA", "UA")
    assert len(at(log, log.rows.time[0] + 86_400).last(1)) == A_DAY


def test_pairs_are_days_of_noise_without_a_winner(made: Year) -> None:
    noise = pairs(made)
    assert len(noise) == 245  # May to December
    assert abs(noise.mean()) < 1e-9


def test_a_shift_is_found_and_later_where_it_is_small() -> None:
    noise = np.random.default_rng(2).normal(0, 0.02, 60)
    days = [first_alarm(noise + shift, 0.03) for shift in (0.0, 0.03, 0.1)]
    assert days[2] <= days[1] <= days[0]
    assert days[2] < math.inf


def test_labels_of_other_rows_are_found_the_later_the_more(made: Year) -> None:
    rows = [[int(cell.rstrip("%")) for cell in row[1:]] for row in joins_found(log_of(made))]
    assert (np.diff(rows, axis=1) >= 0).all()
    assert max(max(row) for row in rows) > 0


def test_power_grows_with_the_shift_and_with_time(made: Year) -> None:
    none, *shifts = power(made, draws=10)
    assert none[1].endswith("of the years")
    shares = np.array([[int(cell.rstrip("%")) for cell in row[1:]] for row in shifts])
    assert (np.diff(shares, axis=1) >= 0).all()
    assert shares[-1, -1] >= shares[0, -1]


def test_the_page_has_the_marks_once() -> None:
    text = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")
    assert (text.count(BEGIN), text.count(END)) == (1, 1)
