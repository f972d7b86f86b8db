"""Each alert about the model: what makes it fire, and what does not; and that the numbers are
right."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from delivery.monitoring.rules.model import groups
from delivery.monitoring.rules.rule import Group
from delivery.settings.monitoring import Monitoring
from tests.delivery.monitoring.promtool import Case, case, differs, needs_promtool, wrong

# A window of one day makes short series; the rules are the same.
SETTINGS = Monitoring.model_validate(
    {"window_days": 1, "labels": {"delay_days": 1, "coverage": 0.8}}
)
GROUPS = groups(SETTINGS)
OK = 'serving_requests_total{route="/predict",status="200"}'
REFUSED = 'serving_requests_total{route="/predict",status="422"}'
TOLD = 'serving_feedback_total{outcome="accepted"}'
SEEN = 'serving_input_bin_total{feature="carrier",bin="AA"}'
UNSEEN = 'serving_input_bin_total{feature="carrier",bin="(unseen)"}'
MISSING = 'serving_input_bin_total{feature="carrier",bin="(missing)"}'
OUTSIDE = 'serving_input_outside_total{feature="carrier",side="above"}'
EVEN, LOW, HIGH = (20, 40, 20), (70, 10, 0), (0, 10, 70)  # an hour's scores, by bin


def hours(*parts: tuple[float, int]) -> str:
    """A counter by the hour: so much an hour, for so many days."""
    steps = [rate for rate, days in parts for _ in range(24 * days)]
    return " ".join(f"{number:g}" for number in accumulate(steps, initial=0.0))


def days(*parts: tuple[tuple[float, ...], int]) -> dict[str, str]:
    """The counters of the three bins of a score."""
    return {
        f'serving_score_bin_total{{bin="{bin_}"}}': hours(*((rates[bin_], n) for rates, n in parts))
        for bin_ in range(3)
    }


def tenth(rates: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(rate / 10 for rate in rates)


def matched(coverage: float, looked: float = 3 * 86_400) -> dict[str, str]:
    """What the monitor says for five days, and when it looked."""
    values = {"delivery_labels_coverage": coverage, "delivery_monitor_timestamp_seconds": looked}
    return {name: " ".join([f"{value:g}"] * 120) for name, value in values.items()}


CASES: dict[str, tuple[list[Case], list[Case]]] = {
    "PredictionDrifts": (
        [case(days((EVEN, 6), (LOW, 3)), "7d23h", "1h")],
        [
            case(days((EVEN, 6), (LOW, 3)), "6d20h", "1h"),  # one window only
            case(days((EVEN, 6), (LOW, 1), (EVEN, 2)), "7d23h", "1h"),
            case(days((EVEN, 9)), "7d23h", "1h"),
            case(days((tenth(EVEN), 6), (tenth(LOW), 3)), "7d23h", "1h"),  # 192 rows a window
        ],
    ),
    "RequestsAreRejected": (
        [case({OK: hours((90, 2)), REFUSED: hours((10, 2))}, "1d20h", "1h")],
        [
            case({OK: hours((98, 2)), REFUSED: hours((2, 2))}, "1d20h", "1h"),
            case({OK: hours((90, 2))}, "1d20h", "1h"),
            case({OK: hours((9, 2)), REFUSED: hours((1, 2))}, "1d20h", "1h"),
        ],
    ),
    "VolumeDrops": (
        [
            case({OK: hours((90, 8), (30, 3))}, "9d20h", "1h"),
            case({OK: hours((90, 8), (0, 3))}, "9d20h", "1h"),
        ],
        [
            case({OK: hours((90, 8), (60, 3))}, "9d20h", "1h"),
            case({OK: hours((9, 8), (3, 3))}, "9d20h", "1h"),
            case({OK: hours((90, 5))}, "4d20h", "1h"),  # a week ago there was nothing
        ],
    ),
    "CategoriesAreUnseen": (
        [case({SEEN: hours((95, 2)), UNSEEN: hours((5, 2))}, "1d20h", "1h")],
        [case({SEEN: hours((99, 2)), UNSEEN: hours((1, 2))}, "1d20h", "1h")],
    ),
    "MissingValuesRise": (
        [case({SEEN: hours((99, 5), (70, 2)), MISSING: hours((1, 5), (30, 2))}, "6d", "1h")],
        [
            case({SEEN: hours((70, 7)), MISSING: hours((30, 7))}, "6d", "1h"),  # always so many
            case({SEEN: hours((99, 5), (95, 2)), MISSING: hours((1, 5), (5, 2))}, "6d", "1h"),
        ],
    ),
    "OutsideValuesRise": (
        [case({SEEN: hours((100, 7)), OUTSIDE: hours((0, 5), (40, 2))}, "6d", "1h")],
        [case({SEEN: hours((100, 7)), OUTSIDE: hours((0, 5), (4, 2))}, "6d", "1h")],
    ),
    "LabelsAreFewOrLate": (
        [
            case({OK: hours((90, 5)), TOLD: hours((30, 5))}, "4d", "1h"),
            case({OK: hours((90, 5))}, "4d", "1h"),  # none ever came
            case({OK: hours((90, 5)), TOLD: hours((85, 5)), **matched(0.5)}, "4d", "1h"),
            case({OK: hours((90, 5)), **matched(0.9, looked=0)}, "4d", "1h"),  # four days ago
        ],
        [
            case({OK: hours((90, 5)), TOLD: hours((85, 5))}, "4d", "1h"),
            case({OK: hours((9, 5))}, "4d", "1h"),
            case({OK: hours((90, 5)), **matched(0.9)}, "4d", "1h"),  # another way than feedback
            case({OK: hours((90, 1), (0, 3)), TOLD: hours((0, 1), (85, 1), (0, 2))}, "2d", "1h"),
        ],
    ),
}


def group_of(name: str) -> Group:
    return next(group for group in GROUPS if name in {rule.name for rule in group.rules})


@needs_promtool
@pytest.mark.parametrize("alert", CASES)
def test_it_fires_when_it_has_to_and_not_else(alert: str, tmp_path: Path) -> None:
    firing, quiet = CASES[alert]
    cases = dict.fromkeys(firing, True) | dict.fromkeys(quiet, False)
    assert differs(group_of(alert), alert, cases, tmp_path) == ""


def test_every_alert_has_a_case_that_makes_it_fire_and_one_that_does_not() -> None:
    alerts = {alert.name for group in GROUPS for alert in group.alerts()}
    assert {name for name, (firing, quiet) in CASES.items() if firing and quiet} == alerts


@needs_promtool
def test_the_index_and_its_limit_are_those_of_the_textbook(tmp_path: Path) -> None:
    moved = case(days((EVEN, 4), (HIGH, 2)), "5d", "1h")
    shares = [np.maximum(np.array(rates) / 80, 0.0001) for rates in (HIGH, EVEN)]
    psi = float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())
    series = "environment_release:serving_scores_psi:now"
    assert wrong(group_of(series), series, moved, psi, tmp_path) == ""


@needs_promtool
def test_the_limit_grows_where_there_are_few_rows(tmp_path: Path) -> None:
    """Within a hundredth of the percentile of χ²: Wilson and Hilferty approximate it."""
    series = "environment_release:serving_scores_psi:limit"
    few = case(days((tenth(EVEN), 6)), "5d", "1h")  # 192 rows against 768, about
    now, before = (f"environment_release:serving_scores:{side}" for side in ("now", "before"))
    ratio = f"{series} / (1 / {now} + 1 / {before})"
    expected = float(chi2.ppf(0.99, 2))
    wide = SETTINGS.model_copy(update={"drift": SETTINGS.drift.model_copy(update={"psi": 1e-9})})
    group = next(g for g in groups(wide) if series in {rule.name for rule in g.rules})
    close = f"(abs({ratio} / {expected} - 1) < 0.01) * 0 + 1"
    assert wrong(group, close, few, 1, tmp_path) == ""


@needs_promtool
def test_releases_are_judged_each_by_itself(tmp_path: Path) -> None:
    """A better model has other scores: that is no drift."""
    old = days((EVEN, 9))
    new = {name.replace("{", '{release="r-2",'): text for name, text in days((LOW, 9)).items()}
    both = {case(old | new, "7d23h", "1h"): False}
    assert differs(group_of("PredictionDrifts"), "PredictionDrifts", both, tmp_path) == ""


def test_without_labels_nobody_waits_for_any() -> None:
    assert "labels" not in " ".join(group.name for group in groups(Monitoring()))


def test_windows_are_whole_weeks_by_default() -> None:
    """A weekend is no drift."""
    text = str(groups(Monitoring())[0].to_yaml(""))
    assert "[7d]" in text
    assert "[28d] offset 7d" in text
    assert "psi:excess offset 7d" in text
