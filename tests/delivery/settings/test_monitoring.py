"""What is promised, and when somebody is told."""

from __future__ import annotations

import pytest

from delivery.settings.monitoring import BUCKETS, Monitoring
from serving.strict import DocumentError, parse
from serving.telemetry.metrics import SECONDS


def test_the_buckets_are_those_of_the_service() -> None:
    assert tuple(SECONDS._kwargs["buckets"]) == BUCKETS


def test_a_latency_that_the_histogram_cannot_tell_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"objective.latency_ms.*0.5, 1, 2.*5000"):
        parse(Monitoring, {"objective": {"latency_ms": 300}}, source="delivery.yaml")
    for bucket in BUCKETS:
        parse(Monitoring, {"objective": {"latency_ms": 1000 * bucket}}, source="delivery.yaml")


@pytest.mark.parametrize(
    "section",
    [
        {"objective": {"availability": 1}},
        {"window_days": 0},
        {"drift": {"rows": 99}},
        {"quality": {"unseen": 0}},
        {"labels": {"coverage": 1.1}},
        {"repository": "http://example.com"},
        {"repository": "https://example.com/o/n/"},
        {"alerts": {}},
        {"snooze": [{"trigger": "scores", "until": "2026-12-15"}]},
        {"snooze": [{"trigger": "scores", "reason": "because it is winter"}]},
        {"snooze": [{"trigger": "units", "until": "2026-12-15", "reason": "a long enough one"}]},
    ],
)
def test_what_cannot_be_is_refused(section: dict[str, object]) -> None:
    with pytest.raises(DocumentError):
        parse(Monitoring, section, source="delivery.yaml")


def test_labels_are_expected_only_where_somebody_says_so() -> None:
    assert Monitoring().labels is None
    assert Monitoring.model_validate({"labels": {}}).labels is not None
