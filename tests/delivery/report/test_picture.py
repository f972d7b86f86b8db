"""The picture of a rollout: bars for shares and samples, and the same in one line."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from delivery.report.picture import BAR, FULL, Rollout, line, picture

OLD, NEW = "r-111111111111", "r-222222222222"
CANARY = {
    "candidate": NEW, "champion": OLD, "share": 25, "step": 2, "steps": 3, "is_watched": True,
    "requests": [120, 380], "per_second": 50.0, "waits_for": "wait: 180 are missing",
    "earliest_s": 14.4, "needed": 180,
}  # fmt: skip
SHADOW = {
    "candidate": NEW, "champion": OLD, "is_watched": True, "pairs": 1500, "mirrored": 200,
    "failed": 3, "needed": 500, "measured": "2.00% of answers changed",
    "waits_for": "wait: more", "per_second": 50.0, "earliest_s": None, "differs": "",
}  # fmt: skip


def drawn(rollout: Rollout) -> list[str]:
    console = Console(width=160)
    with console.capture() as capture:
        console.print(picture(rollout))
    return capture.get().splitlines()


def bars(rollout: Rollout) -> list[int]:
    return [row.count(FULL) for row in drawn(rollout)]


def test_a_canary_shows_its_share_and_how_far_its_samples_are() -> None:
    assert bars(CANARY) == [BAR * 25 // 100, BAR * 120 // 300, 0]
    share, samples, following = drawn(CANARY)
    assert f"step 2 of 3: 25% of the clients meet {NEW}" in share
    assert f"{NEW} answered 120, {OLD} 380; 180 more to decide, in 14 s" in samples
    assert "180 are missing" in following


def test_a_shadow_shows_that_no_client_meets_it_and_how_many_rows_were_compared() -> None:
    assert bars(SHADOW) == [0, BAR * 1500 // 2000, 0, 0]
    assert "no client meets" in drawn(SHADOW)[0]
    assert "1,500 rows, 200 copied by the router, 3 failed; 500 more" in drawn(SHADOW)[1]


@pytest.mark.parametrize("seconds", [None, 0.0], ids=["nobody asks", "asked already"])
def test_no_time_is_named_where_there_is_none(seconds: float | None) -> None:
    assert "earliest" not in line(SHADOW | {"earliest_s": seconds})
    assert "in 5 s at the earliest" in line(SHADOW | {"earliest_s": 5.0})


@pytest.mark.parametrize("rollout", [CANARY, SHADOW])
def test_its_line_says_what_its_bars_show(rollout: dict[str, Any]) -> None:
    assert FULL not in line(rollout)
    assert all(words in " ".join(drawn(rollout)) for words in line(rollout).split("; "))


@pytest.mark.parametrize("rollout", [CANARY, SHADOW])
def test_what_nobody_watches_has_no_share(rollout: dict[str, Any]) -> None:
    assert bars(rollout | {"is_watched": False}) == [0]
    assert "nobody watches it" in line(rollout | {"is_watched": False})


@pytest.mark.parametrize("rollout", [CANARY, SHADOW])
def test_before_the_first_request_no_bar_is_full(rollout: dict[str, Any]) -> None:
    nothing = {"requests": [0, 0], "pairs": 0, "needed": 0}
    assert bars(rollout | nothing)[1] == 0
