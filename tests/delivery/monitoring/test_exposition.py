"""Metrics of the monitor are what Prometheus reads."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from delivery.monitoring.exposition import exposition
from delivery.monitoring.judges.finding import Finding

DETAILS = {"coverage": 0.9312, "delay_median_days": 1.25, "delay_p90_days": 3.0}


def samples(*findings: Finding) -> dict[tuple[str, ...], float]:
    text = exposition("production", 1_728_000_000.0, findings)
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_findings_coverage_and_delay_are_there() -> None:
    assert samples(
        Finding("loss", "no verdict", "", "", ""), Finding("labels", "pass", "", "", "", DETAILS)
    ) == {
        ("delivery_monitor_timestamp_seconds", "production"): 1_728_000_000,
        ("delivery_monitor_finding", "production", "loss", "no verdict"): 1,
        ("delivery_monitor_finding", "production", "labels", "pass"): 1,
        ("delivery_labels_coverage", "production"): 0.9312,
        ("delivery_labels_delay_days", "production", "0.5"): 1.25,
        ("delivery_labels_delay_days", "production", "0.9"): 3.0,
    }  # fmt: skip


def test_what_is_not_known_is_not_there() -> None:
    names = {name for name, *_ in samples(Finding("labels", "no verdict", "", "", ""))}
    assert names == {"delivery_monitor_timestamp_seconds", "delivery_monitor_finding"}
