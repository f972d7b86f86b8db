"""The days of the replay: when it is looked, what has arrived by then, and what is broken.

A flight's label is known a day after the day of the flight. Looks are on Mondays.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

Day = pd.Timestamp
DELAY = pd.Timedelta(days=1)  # of a label, after the day of the flight
BEGIN, END = Day("2013-04-02"), Day("2014-01-01")  # when the labels of March are known
LEAST_DAYS = 15  # of a month that has begun, to be the holdout
MENDED_AFTER = pd.Timedelta(days=7)  # from the alarm on
SEEN_FOR = pd.Timedelta(days=7) + DELAY  # after the fault, windows of judges hold broken rows
SEED = 2013
TRUTH = "late"
SHIFT = 500  # rows that wrong labels come from before: half a day
# Changes that the contract lets through: a pressure in inHg is refused at once.
UNITS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "temperature": ("°F → °C", lambda x: (x - 32) / 1.8),
    "dew_point": ("°F → °C", lambda x: (x - 32) / 1.8),
    "wind_speed": ("mph → m/s", lambda x: x * 0.44704),
    "distance": ("mi → km", lambda x: x * 1.609344),
    "visibility": ("mi → km", lambda x: x * 1.609344),
}


@dataclass(frozen=True)
class Story:
    """A year, or a part of it: `broken` from `since` on, until somebody mends it. `column` is in
    another unit, or the truth that of another flight."""

    name: str
    begin: Day = BEGIN
    end: Day = END
    column: str = ""
    since: Day = END
    ends: Day = END  # when it ends by itself

    def broken(self, rows: pd.DataFrame, mended: Day) -> pd.DataFrame:
        """The rows as they come in this story, where somebody mends it on the day `mended`."""
        at = rows["scheduled"].between(self.since, min(mended, self.ends), inclusive="left")
        if not self.column or not at.any():
            return rows
        changed = rows.copy()
        values = rows.loc[at, self.column]
        if self.column == TRUTH:
            changed.loc[at, self.column] = np.roll(values, SHIFT)
        else:
            changed.loc[at, self.column] = UNITS[self.column][1](values).astype(values.dtype)
        return changed

    def is_about(self, alarm: Mapping[str, Any], morning: Day, mended: Day) -> bool:
        """Does an alarm of this morning say what is broken, or has just been mended?"""
        if not self.since < morning <= min(mended, self.ends) + SEEN_FOR:
            return False
        if self.column == TRUTH:
            return bool(alarm["judge"] == "auc")
        return alarm["judge"] == "units" and self.column in alarm["details"]["inputs"]

    def learned_from(self, when: pd.Series, mended: Day) -> int:
        """How many broken rows a model was fitted on, if rows of the days `when` have arrived: all
        but those of the last month, which is the exam."""
        if not self.column:
            return 0
        broken = when.between(self.since, min(mended, self.ends), inclusive="left")
        return int((broken & (when < when.max().normalize().replace(day=1))).sum())


def _unit_break() -> Story:
    """The column and the day are drawn, in the second half of May: quality needs two weeks."""
    random = np.random.default_rng(SEED)
    column = str(random.choice(sorted(UNITS)))
    since = Day("2013-05-17") + pd.Timedelta(days=int(random.integers(0, 15)))
    return Story("unit", end=Day("2013-08-05"), column=column, since=since)


STORIES = {
    story.name: story
    for story in (
        Story("year"),
        _unit_break(),
        Story(
            "labels", begin=Day("2013-08-02"), end=Day("2013-12-02"), column=TRUTH,
            since=Day("2013-09-01"), ends=Day("2013-10-01"),
        ),
    )
}  # fmt: skip


def weeks(begin: Day, end: Day) -> list[tuple[Day, Day]]:
    """From Monday to Monday; the first and the last may be shorter."""
    mondays = [day for day in pd.date_range(begin, end, freq="W-MON") if begin < day < end]
    marks = [begin, *mondays, end]
    return list(itertools.pairwise(marks))


def labelled(morning: Day) -> Day:
    """The end of the days whose labels are known on a morning."""
    return morning - DELAY


def complete(morning: Day) -> int:
    """The newest month of 2013 that is over, with all its labels known."""
    return 12 if labelled(morning) >= END else labelled(morning).month - 1


def arrived(rows: pd.DataFrame, morning: Day) -> pd.DataFrame:
    """The rows to train on: those with labels, without a month that has hardly begun."""
    end = labelled(morning)
    if end.day <= LEAST_DAYS:
        end = end.normalize().replace(day=1)
    return rows[rows["scheduled"] < end]
