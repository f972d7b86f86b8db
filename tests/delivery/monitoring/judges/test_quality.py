"""Data quality: at, below and above each limit, and where there is too little."""

from __future__ import annotations

import numpy as np
import pytest

from delivery.monitoring.judges.quality import freshness, judge, missing, units, unseen, volume
from delivery.monitoring.judges.rows import DAY, Log
from delivery.settings.monitoring import Monitoring
from tests.delivery.monitoring.logged import changed, log, without

POLICY = Monitoring.model_validate({"drift": {"rows": 100}})


def test_a_quiet_log_passes_everywhere() -> None:
    assert {finding.judge: finding.status for finding in judge(log(36), POLICY)} == dict.fromkeys(
        ("freshness", "volume", "missing", "unseen", "units"), "pass"
    )


def test_an_empty_log_has_no_verdict() -> None:
    made = log(36)
    empty = Log(made.rows.between(0, 0), made.until, made.contract)
    assert {finding.status for finding in judge(empty, POLICY)} == {"no verdict"}


def test_a_week_of_rows_says_nothing_about_units() -> None:
    assert units(log(7), POLICY).status == "no verdict"


@pytest.mark.parametrize(("hours", "status"), [(23, "pass"), (25, "alarm")])
def test_silence_of_more_than_a_day_alarms(hours: int, status: str) -> None:
    made = log(10)
    later = Log(made.rows, made.until + hours * DAY / 24, made.contract)
    assert freshness(later).status == status


@pytest.mark.parametrize(("kept", "status"), [(0.6, "pass"), (0.4, "alarm"), (0.0, "alarm")])
def test_a_day_is_compared_with_the_same_weekday(kept: float, status: str) -> None:
    assert volume(without(log(10), 9, kept), POLICY).status == status


def test_where_nobody_asked_a_week_before_there_is_no_verdict() -> None:
    assert volume(log(5), POLICY).status == "no verdict"


def some(share: float, value: object) -> object:
    def put(values: np.ndarray) -> np.ndarray:
        copy = values.copy()
        copy[: round(share * len(copy))] = value
        return copy

    return put


@pytest.mark.parametrize(("share", "status"), [(0.08, "pass"), (0.15, "alarm")])
@pytest.mark.parametrize(("name", "value"), [("heat", np.nan), ("carrier", None)])
def test_what_is_missing_alarms_by_how_much_more_it_is(
    share: float, status: str, name: str, value: object
) -> None:
    finding = missing(changed(log(10), 9, inputs={name: some(share, value)}), POLICY)
    assert finding.status == status
    assert (name in finding.why) == (status == "alarm")


def test_what_was_always_missing_is_no_alarm() -> None:
    assert missing(changed(log(10), 0, inputs={"heat": some(0.5, np.nan)}), POLICY).status == "pass"


@pytest.mark.parametrize(("share", "status"), [(0.01, "pass"), (0.05, "alarm")])
def test_unseen_categories_alarm_and_missing_ones_are_none(share: float, status: str) -> None:
    assert (
        unseen(changed(log(10), 9, inputs={"carrier": some(share, "ZZ")}), POLICY).status == status
    )
    assert unseen(changed(log(10), 9, inputs={"carrier": some(0.5, None)}), POLICY).status == "pass"


@pytest.mark.parametrize(("since", "until", "status"), [(34, 36, "alarm"), (35, 36, "pass")])
def test_another_unit_is_found_on_its_second_day(since: int, until: int, status: str) -> None:
    """A storm of one day passes."""
    made = changed(log(36), since, until=until, inputs={"heat": lambda x: (x - 32) / 1.8})
    finding = units(made, POLICY)
    assert finding.status == status
    if status == "alarm":
        assert finding.details["inputs"] == ["heat"]
        assert finding.measured.startswith("heat 2")


def test_a_season_is_no_other_unit() -> None:
    """Twenty degrees in a month, which no index against training would forgive."""
    made = log(36)
    slope = np.linspace(0, 24, len(made.rows))
    warmer = changed(made, 0, inputs={"heat": lambda x: x + slope})
    assert units(warmer, POLICY).status == "pass"


def test_too_few_rows_are_no_verdict() -> None:
    few = Monitoring.model_validate({"drift": {"rows": 100_000}})
    for finding in (missing(log(10), few), unseen(log(10), few)):
        assert finding.status == "no verdict"
        assert "100000 rows are needed" in finding.why


def test_what_is_often_missing_on_calm_days_is_no_fault() -> None:
    calm = changed(changed(log(36), 10, until=11, inputs={"heat": some(0.9, np.nan)}), 35,
                   inputs={"heat": some(0.9, np.nan)})  # fmt: skip
    assert missing(calm, POLICY).status == "pass"
