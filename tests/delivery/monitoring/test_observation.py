"""What the monitor looks at, with replays that a test answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from delivery.errors import HeldError
from delivery.monitoring import observation
from delivery.monitoring.judges.rows import DAY, Log, Rows
from delivery.monitoring.judges.service import Counts
from delivery.monitoring.observation import Observation, observe, reach, with_counts
from delivery.settings.monitoring import Monitoring
from tests.delivery.monitoring.logged import changed, log

POLICY = Monitoring.model_validate({"drift": {"rows": 100}, "labels": {}})
Answer = Callable[[Rows], np.ndarray]


@dataclass(frozen=True)
class Replayed:
    """Stands for a bento whose answers a test knows."""

    id: str
    answer: Answer = lambda rows: rows.scores


@pytest.fixture(autouse=True)
def replays(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Which release was asked about how many rows."""
    asked: list[tuple[str, int]] = []

    def replay(_: Any, bento: Replayed, rows: Rows) -> np.ndarray:
        asked.append((bento.id, len(rows)))
        return bento.answer(rows)

    monkeypatch.setattr(observation, "replay", replay)
    return asked


def seen(made: Log, live: Replayed, previous: Replayed | None = None) -> Observation:
    return observe(made, (live, previous), None, POLICY)  # type: ignore[arg-type]


def status(found: Observation, judge: str) -> str:
    return next(each.status for each in found.findings if each.judge == judge)


LIVE = Replayed("r-1")


def test_every_judge_speaks_once_and_counters_come_first() -> None:
    found = with_counts(seen(log(42), LIVE), Counts(2_000), POLICY)
    assert [each.judge for each in found.findings] == [
        "errors", "latency", "refused", "freshness", "volume", "missing", "unseen", "units",
        "scores", "labels", "auc", "loss",
    ]  # fmt: skip
    assert {each.judge for each in found.findings if each.status != "pass"} == {"loss"}


def test_another_release_that_answered_before_is_no_drift(replays: list[tuple[str, int]]) -> None:
    """The live one scores its rows as well."""
    made = changed(log(42), 0, until=30, release="r-0", scores=lambda scores: scores * 0.5)
    found = seen(made, Replayed("r-1", lambda rows: rows.scores * 2))
    assert status(found, "scores") == "pass"
    assert replays == [("r-1", 30 * 200)]


def test_rows_that_cannot_be_scored_again_leave_no_verdict() -> None:
    def refuse(_: Rows) -> np.ndarray:
        raise HeldError("sealed is sensitive")

    made = changed(log(42), 0, until=30, release="r-0")
    found = seen(made, Replayed("r-1", refuse), Replayed("r-0", refuse))
    assert status(found, "scores") == status(found, "loss") == "no verdict"
    assert ["sealed is sensitive" in note for note in found.notes] == [True, True]


def test_a_live_release_that_is_worse_than_the_one_before_alarms(
    replays: list[tuple[str, int]],
) -> None:
    made = changed(log(42), 0, scores=lambda scores: np.clip(scores + 0.25, 0.01, 0.99))
    right = Replayed("r-0", lambda rows: np.clip(rows.scores - 0.25, 0.01, 0.99))
    found = seen(made, LIVE, right)
    assert status(found, "loss") == "alarm"
    assert replays == [("r-0", 42 * 200)]


def test_only_rows_that_the_live_release_answered_are_compared(
    replays: list[tuple[str, int]],
) -> None:
    made = changed(log(42), 0, until=32, release="r-0")
    assert status(seen(made, LIVE, Replayed("r-0")), "loss") == "no verdict"  # ten days
    assert replays[-1] == ("r-0", 10 * 200)


def test_days_are_summed_up_for_plots() -> None:
    made = changed(log(3), 1, labels=np.nan)
    days = seen(made, LIVE).days
    assert days["day"] == [-2, -1, 0] or days["day"] == [-3, -2, -1, 0]
    assert sum(days["rows"]) == 600
    assert days["label"][-1] is None


def test_an_empty_log_is_no_error() -> None:
    made = log(3)
    empty = Log(made.rows.between(0, 0), made.until, made.contract)
    found = seen(empty, LIVE, Replayed("r-0"))
    assert {each.status for each in found.findings} == {"no verdict"}
    assert found.days["day"] == []


def test_the_log_is_read_as_far_back_as_judges_look() -> None:
    assert reach(POLICY) == 90 * DAY
    assert reach(POLICY.model_copy(update={"window_days": 28})) == 6 * 28 * DAY


def test_a_note_is_added() -> None:
    found = seen(log(3), LIVE)
    assert found.noting("a").noting("b").notes == (*found.notes, "a", "b")
    assert replace(found, notes=()).notes == ()
