"""Each alert about the service: what makes it fire, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.monitoring.rules.expressions import PREDICTS
from delivery.monitoring.rules.rule import Group
from delivery.monitoring.rules.service import groups
from delivery.settings.monitoring import Monitoring
from tests.delivery.monitoring.promtool import Case, case, differs, needs_promtool

ROLLOUT = 3600.0
GROUPS = groups(Monitoring(), ROLLOUT)
OK = 'serving_requests_total{route="/predict",status="200"}'
BAD = 'serving_requests_total{route="/predict",status="500"}'
LATE = 'serving_requests_total{route="refused",status="504"}'
COUNT = 'serving_request_seconds_count{route="/predict"}'
WITHIN = 'serving_request_seconds_bucket{route="/predict",le="0.25"}'
CROWD = 'serving_closed_connections_total{reason="crowd"}'
SILENT = 'serving_closed_connections_total{reason="silent"}'
DONE = "shipper_done_timestamp_seconds"
UNWRITTEN = 'serving_feedback_total{outcome="unwritten"}'
ACCEPTED = 'serving_feedback_total{outcome="accepted"}'
DROPPED = "serving_log_dropped_rows_total"
FLIGHT, WORKERS = "serving_requests_in_flight", "serving_workers"
OLD, NEW = (
    f'serving_requests_total{{route="/predict",status="200",release="r-{n}"}}' for n in "12"
)

# Alert → what makes it fire, and what does not. A second has one request, a minute 60.
CASES: dict[str, tuple[list[Case], list[Case]]] = {
    "ErrorBudgetBurnsFast": (
        [
             case({OK: "0+57x80", BAD: "0+3x80"}, "70m"),  # 5%
             case({OK: "0+57x80", LATE: "0+3x80"}, "70m"),
             case({BAD: "0+60x80"}, "70m"),  # nothing but errors
             case({OK: "0+297x90", BAD: "0+3x90"}, "7h", "5m"),  # 1%, by the longer windows
        ],
        [
             case({OK: "0+60x80", BAD: "0+0.3x80"}, "70m"),  # 0.5%
             case({OK: "0+60x80"}, "70m"),
             case({OK: "0+1x80", BAD: "0+0.1x80"}, "70m"),  # six errors in an hour
             case({OK: "0+57x140", BAD: "0+3x80 240x60"}, "120m"),  # over for 40 minutes
        ],
    ),
    "ErrorBudgetBurnsSlowly": (
        [case({OK: "0+299x900", BAD: "0+0.6x900"}, "3d1h", "5m")],
        [case({OK: "0+299x900", BAD: "0+0.15x900"}, "3d1h", "5m")],
    ),
    "LatencyBudgetBurnsFast": (
        [case({COUNT: "0+60x80", WITHIN: "0+45x80"}, "70m")],  # 25%
        [
             case({COUNT: "0+60x80", WITHIN: "0+58x80"}, "70m"),
             case({COUNT: "0+60x80", WITHIN: "0+60x80"}, "70m"),
        ],
    ),
    "LatencyBudgetBurnsSlowly": (
        [case({COUNT: "0+300x900", WITHIN: "0+294x900"}, "3d1h", "5m")],
        [case({COUNT: "0+300x900", WITHIN: "0+299x900"}, "3d1h", "5m")],
    ),
    "InstanceIsDown": (
        [case({"up": "1x10 0x10"}, "15m")],
        [case({"up": "1x10 0 1x10"}, "15m"),  case({"up": "1x20"}, "15m")],
    ),
    "NothingIsScraped": ([case({"other": "1x20"}, "15m")], [case({"up": "0x20"}, "15m")]),
    "ServiceIsSaturated": (
        [case({FLIGHT: "20x40", WORKERS: "1x40"}, "30m")],
        [
             case({FLIGHT: "20x40", WORKERS: "4x40"}, "30m"),
             case({FLIGHT: "0x10 20 0x30", WORKERS: "1x40"}, "30m"),
        ],
    ),
    "ConnectionsAreRefused": (
        [case({CROWD: "0x5 3x10"}, "10m")],
        [case({CROWD: "3x20", SILENT: "0+9x20"}, "10m")],
    ),
    "PredictionLogDropsRows": (
        [case({DROPPED: "0x5 3x10"}, "10m")],
        [case({DROPPED: "3x20"}, "10m")],
    ),
    "FeedbackIsNotWritten": (
        [case({UNWRITTEN: "0x5 3x10"}, "10m")],
        [case({UNWRITTEN: "0x20", ACCEPTED: "0+3x20"}, "10m")],
    ),
    "PredictionsAreNotShipped": (
        [case({DONE: "60x120"}, "90m")],
        [
            case({DONE: "60+60x120"}, "90m"),
            case({DONE: "60x60 3600+60x60"}, "90m"),  # away for an hour
        ],
    ),
    "RolloutStandsStill": (
        [case({OLD: "0+9x120", NEW: "0+1x120"}, "100m")],
        [
             case({OLD: "0+9x120", NEW: "0+1x60 60x60"}, "100m"),  # it took half an hour less
             case({OLD: "0+9x120", NEW: "0x120"}, "100m"),  # warm, without traffic
        ],
    ),
}  # fmt: skip


def group_of(alert: str) -> Group:
    return next(group for group in GROUPS if alert in {each.name for each in group.alerts()})


@needs_promtool
@pytest.mark.parametrize("alert", CASES)
def test_it_fires_when_it_has_to_and_not_else(alert: str, tmp_path: Path) -> None:
    firing, quiet = CASES[alert]
    cases = dict.fromkeys(firing, True) | dict.fromkeys(quiet, False)
    assert differs(group_of(alert), alert, cases, tmp_path) == ""


def test_every_alert_has_a_case_that_makes_it_fire_and_one_that_does_not() -> None:
    alerts = {alert.name for group in GROUPS for alert in group.alerts()}
    assert {name for name, (firing, quiet) in CASES.items() if firing and quiet} == alerts


def test_the_objective_is_that_of_the_settings() -> None:
    strict = Monitoring.model_validate(
        {"objective": {"availability": 0.99, "fast": 0.9, "latency_ms": 1000}}
    )
    (objective, *_) = groups(strict, ROLLOUT)
    text = str(objective.to_yaml(""))
    assert 'le="1.0"' in text
    assert "ratio_rate1h > 0.144" in text  # 14.4 × 1%
    assert "ratio_rate3d > 0.1" in text


def test_no_rule_asks_for_a_route_of_its_own() -> None:
    text = str([group.to_yaml("") for group in GROUPS])
    assert text.count('route=~"') == text.count(PREDICTS)
