"""The four figures, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from delivery.events.event import Event
from delivery.state.desired import Desired
from delivery.state.figures import DEFINITIONS, Figures, figures
from delivery.state.history import Attempt, History
from tests.delivery.place import environment
from tests.origin import version

NOW = datetime(2026, 11, 27, tzinfo=UTC)
RELEASE = "r-111111111111"


def attempt(*happened: tuple[str, float], of: str = "none") -> Attempt:
    """Events, with how many hours ago they happened."""
    events = tuple(
        Event("production", "a" * 40, kind, RELEASE, "local", {},
              (NOW - timedelta(hours=hours)).isoformat() if hours else "")
        for kind, hours in happened
    )  # fmt: skip
    desired = Desired(version(RELEASE), version(""), of)
    return Attempt(environment("production"), "local", "a" * 40, desired, events)


def measured(*attempts: Attempt) -> Figures:
    history = History(environment("production"), attempts)
    return figures(history, lambda _: NOW - timedelta(hours=50), NOW, days=14)


def test_each_figure_is_what_its_definition_says() -> None:
    good = attempt(("deployed", 11), ("step-1", 11), ("verified", 10))
    revoked = attempt(("deployed", 31), ("verified", 30), ("revoked-1", 28))
    rejected = attempt(("step-1", 9), ("rejected", 8))
    found = measured(good, revoked, rejected)
    assert found.deployments_per_week == 1.0
    assert found.lead_time_s == 3600 * (40 + 20) / 2
    assert found.failure_share == pytest.approx(2 / 3)
    assert found.time_to_restore_s == 3600 * (2 + 1) / 2
    assert set(DEFINITIONS) == {name for name in found.__slots__ if name != "days"}


@pytest.mark.parametrize(
    "happened",
    [
        attempt(),
        attempt(("deployed", 5), ("rejected", 4)),  # no client met it
        attempt(("verified", 1), of=RELEASE),  # a rollback is no deployment of anything new
        attempt(("verified", 15 * 24)),  # too long ago
        attempt(("verified", 0)),  # a tag, which does not say when
    ],
)
def test_what_is_no_deployment_counts_for_nothing(happened: Attempt) -> None:
    assert measured(happened) == Figures(14, 0.0, None, None, None)


def test_the_first_moment_of_the_days_counts() -> None:
    assert measured(attempt(("verified", 14 * 24))).deployments_per_week == 0.5


def test_lead_time_is_that_of_the_release() -> None:
    """Of one whose commit nobody knows there is none."""
    begun = {RELEASE: NOW - timedelta(hours=50)}
    history = History(environment("production"), (attempt(("verified", 10)),))
    assert figures(history, begun.get, NOW).lead_time_s == 3600 * 40
    assert figures(history, {}.get, NOW).lead_time_s is None
