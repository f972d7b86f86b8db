"""What the monitor found, as metrics: a file that node_exporter's textfile collector reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from delivery.monitoring.judges.finding import Finding

LOOKED = "delivery_monitor_timestamp_seconds"
FINDING = "delivery_monitor_finding"
COVERAGE = "delivery_labels_coverage"
DELAY = "delivery_labels_delay_days"


def exposition(environment: str, until: float, findings: Sequence[Finding]) -> str:
    """In Prometheus' text format; `until` in s since 1970."""
    return "".join(f"{line}\n" for line in _lines(environment, until, findings))


def _lines(environment: str, until: float, findings: Sequence[Finding]) -> Iterator[str]:
    where = f'environment="{environment}"'
    yield f"# HELP {LOOKED} The end of the newest window."
    yield f"# TYPE {LOOKED} gauge"
    yield f"{LOOKED}{{{where}}} {until:.0f}"
    yield f"# HELP {FINDING} 1 for what a judge has found."
    yield f"# TYPE {FINDING} gauge"
    for each in findings:
        yield f'{FINDING}{{{where},judge="{each.judge}",status="{each.status}"}} 1'
    details = next((each.details for each in findings if each.judge == "labels"), {})
    if "coverage" in details:
        yield f"# HELP {COVERAGE} Share of the requests that are due and have a label."
        yield f"# TYPE {COVERAGE} gauge"
        yield f"{COVERAGE}{{{where}}} {details['coverage']:.6g}"
    if "delay_median_days" in details:
        yield f"# HELP {DELAY} Days from a request to its label."
        yield f"# TYPE {DELAY} gauge"
        for quantile, name in (("0.5", "delay_median_days"), ("0.9", "delay_p90_days")):
            yield f'{DELAY}{{{where},quantile="{quantile}"}} {details[name]:.6g}'
