"""When windows close an environment to promotions."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydantic import ValidationError

from delivery.settings.freeze import Freeze

FRIDAY = {"days": ["fri"], "after": "16:00", "why": "weekend"}
BERLIN = {"zone": "Europe/Berlin"}


def closed(moment: str, *windows: object, zone: str = "UTC") -> str:
    settings = Freeze.model_validate({"zone": zone, "windows": windows})
    return settings.closed(datetime.fromisoformat(f"{moment}+00:00"))


def test_without_windows_nothing_is_closed() -> None:
    assert closed("2026-12-24T12:00") == ""


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-12-23T23:59", ""),
        ("2026-12-24T00:00", "2026-12-27 00:00"),
        ("2026-12-26T23:59", "2026-12-27 00:00"),
        ("2026-12-27T00:00", ""),
    ],
)
def test_dates_close_whole_days_the_last_included(moment: str, until: str) -> None:
    why = closed(moment, {"first": "2026-12-24", "last": "2026-12-26", "why": "Christmas"})
    assert why == (f"until {until} UTC: Christmas" if until else "")


@pytest.mark.parametrize(
    ("moment", "is_closed"),
    [
        ("2026-11-27T15:59", False),  # a Friday
        ("2026-11-27T16:00", True),
        ("2026-11-27T23:59", True),
        ("2026-11-28T00:00", False),
        ("2026-11-26T17:00", False),
    ],
)
def test_a_weekly_window_closes_from_a_time_to_midnight(moment: str, is_closed: bool) -> None:
    assert bool(closed(moment, FRIDAY)) is is_closed


def test_a_weekly_window_ends_before_its_last_moment() -> None:
    morning = {"days": ["mon", "tue"], "before": "09:00"}
    assert closed("2026-11-30T08:59", morning) == "until 2026-11-30 09:00 UTC"
    assert closed("2026-11-30T09:00", morning) == ""


def test_windows_go_by_the_clock_of_their_zone() -> None:
    assert closed("2026-11-27T15:30", FRIDAY, zone="Europe/Berlin")  # 16:30 there
    assert not closed("2026-11-27T23:30", FRIDAY, zone="Europe/Berlin")  # Saturday there
    summer = {"days": ["fri"], "after": "16:00"}
    assert closed("2026-06-26T14:30", summer, zone="Europe/Berlin")  # two hours ahead in summer


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"zone": "Mars/Olympus"}, "no time zone is called 'Mars/Olympus'"),
        ({"windows": [{"first": "2026-12-26", "last": "2026-12-24"}]}, "is before first"),
        ({"windows": [{"days": ["fri"], "after": "18:00", "before": "06:00"}]}, "two windows"),
        ({"windows": [{"days": []}]}, "at least 1"),
        ({"windows": [{"days": ["friday"]}]}, "'fri'"),
        ({"windows": [{"days": ["fri"], "from": "16:00"}]}, "Extra inputs"),
    ],
)
def test_what_is_no_window_is_refused(settings: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Freeze.model_validate(settings)
