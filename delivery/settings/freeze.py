"""`freeze:` of an environment: when no release is promoted there. A rollback always is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from serving.strict import Strict

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Dates(Strict):
    """From the first moment of one day to the last of another, by the clock of the zone."""

    first: date
    last: date
    why: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Dates:
        if self.last < self.first:
            raise ValueError(f"last ({self.last}) is before first ({self.first})")
        return self

    def ends(self, now: datetime) -> datetime | None:
        """When the freeze that `now` (with its zone) lies in ends; None outside of one."""
        if not self.first <= now.date() <= self.last:
            return None
        return datetime.combine(self.last + timedelta(days=1), time(), now.tzinfo)


class Weekly(Strict):
    """Each week on `days`, from one time of the day to another; without times the whole day."""

    days: tuple[Day, ...] = Field(min_length=1)
    after: time = time()
    before: time | None = None  # None: until midnight
    why: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Weekly:
        if self.before is not None and self.before <= self.after:
            raise ValueError("before has to come later than after; a night takes two windows")
        return self

    def ends(self, now: datetime) -> datetime | None:
        """The same."""
        clock = now.time()
        if DAYS[now.weekday()] not in self.days or clock < self.after:
            return None
        if self.before is not None:
            within = clock < self.before
            return datetime.combine(now.date(), self.before, now.tzinfo) if within else None
        return datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)


class Freeze(Strict):
    """Windows by the clock of `zone`, such as Europe/Berlin."""

    zone: str = "UTC"
    windows: tuple[Dates | Weekly, ...] = ()

    @field_validator("zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(
                f"no time zone is called {value!r}; expected one such as Europe/Berlin"
            ) from error
        return value

    def closed(self, now: datetime) -> str:
        """Why nothing is promoted at `now` (with a zone) and until when; empty where it may be."""
        local = now.astimezone(ZoneInfo(self.zone))
        for window in self.windows:
            if (end := window.ends(local)) is not None:
                why = f": {window.why}" if window.why else ""
                return f"until {end:%Y-%m-%d %H:%M} {self.zone}{why}"
        return ""


def now() -> datetime:
    """This moment; tests put another in its place."""
    return datetime.now(UTC)
