"""Rules about the service: the objective, saturation, what is down, and what is lost.

Burn rates over several windows: *The Site Reliability Workbook* (2018), chapter 5, table 5-8. A
rate of 1 spends the whole budget in 30 days.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from delivery.monitoring.rules.expressions import PREDICTS, counted, or_zero
from delivery.monitoring.rules.rule import Alert, Group, Recording, Rule
from delivery.settings.monitoring import Monitoring

BY = "environment"
RELEASE = "environment, release"
SECONDS = {"5m": 300, "30m": 1800, "1h": 3600, "6h": 21_600, "3d": 259_200}
FAST = (("1h", "5m", 14.4), ("6h", "30m", 6.0))  # long window, short window, burn rate
SLOW = (("3d", "6h", 1.0),)
SHIPPED_S = 3600  # s since the store had everything: twelve rounds of a shipper
LEAST = 10  # bad answers in the long window: a single one says nothing, however few there are
WHERE = "{{ $labels.environment }}"
SHARE = "{{ $value | humanizePercentage }}"
ERRORS, SLOWNESS = "serving_errors", "serving_slow"


def groups(monitoring: Monitoring, rollout_s: float) -> tuple[Group, ...]:
    """In the order in which Prometheus evaluates them. `rollout_s` is how long a rollout may take,
    in seconds."""
    return (
        Group("serving-objective", "30s", (*_objective(monitoring), *_burning(monitoring))),
        Group("serving-instances", "30s", tuple(_instances(monitoring))),
        Group("serving-rollout", "1m", (_two_releases(rollout_s),)),
    )


def _objective(monitoring: Monitoring) -> Iterator[Recording]:
    """The share of answers that broke the promise, by window."""
    edge = f"{monitoring.objective.latency_ms / 1000:g}"
    edge = f"{edge}.0" if edge.isdigit() else edge
    route = f'route=~"{PREDICTS}"'
    for window in SECONDS:
        rate = f"[{window}]"
        there = f"sum by ({BY}) (rate(serving_requests_total{{{route}}}{rate}))"
        # A request that takes too long is refused by the guard, whatever its route.
        selector = f'route=~"refused|{PREDICTS}",status=~"5.."'
        bad = or_zero(f"sum by ({BY}) (rate(serving_requests_total{{{selector}}}{rate}))", there)
        good = f'sum by ({BY}) (rate(serving_requests_total{{{route},status!~"5.."}}{rate}))'
        yield Recording(_name(ERRORS, "rate", window), bad)
        bad_rate = _name(ERRORS, "rate", window)
        yield Recording(
            _name(ERRORS, "ratio_rate", window),
            f"{bad_rate} / ({bad_rate} + {or_zero(good, bad_rate)})",
        )
        timed = f"sum by ({BY}) (rate(serving_request_seconds_count{{{route}}}{rate}))"
        within = (
            f'sum by ({BY}) (rate(serving_request_seconds_bucket{{{route},le="{edge}"}}{rate}))'
        )
        yield Recording(_name(SLOWNESS, "rate", window), f"{timed} - {within}")
        yield Recording(
            _name(SLOWNESS, "ratio_rate", window), f"{_name(SLOWNESS, 'rate', window)} / {timed}"
        )


def _burning(monitoring: Monitoring) -> Iterator[Alert]:
    objective = monitoring.objective
    kinds = (
        ("Error", ERRORS, 1 - objective.availability, "answers with 5xx"),
        ("Latency", SLOWNESS, 1 - objective.fast, f"answers after {objective.latency_ms:g} ms"),
    )
    for name, metric, budget, what in kinds:
        promised = f"promised: at most {100 * budget:g}% {what}"
        yield Alert(
            f"{name}BudgetBurnsFast", _burn(metric, budget, FAST), "page",
            f"{WHERE}: {SHARE} {what}; {promised}. At this pace the budget of 30 days is gone "
            "within days.",
        )  # fmt: skip
        yield Alert(
            f"{name}BudgetBurnsSlowly", _burn(metric, budget, SLOW), "ticket",
            f"{WHERE}: {SHARE} {what} in three days; {promised}. That is more than 30 days allow.",
            lasts="15m",
        )  # fmt: skip


def _burn(metric: str, budget: float, windows: tuple[tuple[str, str, float], ...]) -> str:
    """The long window shows that it matters, the short one that it still goes on."""
    return " or ".join(
        f"({_name(metric, 'ratio_rate', long)} > {factor * budget:.6g} "
        f"and {_name(metric, 'ratio_rate', short)} > {factor * budget:.6g} "
        f"and {_name(metric, 'rate', long)} * {SECONDS[long]} >= {LEAST})"
        for long, short, factor in windows
    )


def _instances(monitoring: Monitoring) -> Iterator[Rule]:
    busy = "environment_release:serving_in_flight_per_worker:avg10m"
    yield Recording(
        busy,
        f"sum by ({RELEASE}) (avg_over_time(serving_requests_in_flight[10m])) "
        f"/ sum by ({RELEASE}) (avg_over_time(serving_workers[10m]))",
    )
    yield Alert(
        "InstanceIsDown", 'up{job="serving"} == 0', "page",
        f"{WHERE}: {{{{ $labels.instance }}}} does not answer Prometheus.", lasts="2m",
    )  # fmt: skip
    yield Alert(
        "NothingIsScraped", 'absent(up{job="serving"})', "ticket",
        "Prometheus knows no instance at all, so no other alert can come.", lasts="10m",
    )  # fmt: skip
    yield Alert(
        "ServiceIsSaturated", f"{busy} > {monitoring.in_flight:g}", "ticket",
        f"{WHERE}, {{{{ $labels.release }}}}: {{{{ $value | humanize }}}} requests wait for each "
        f"worker; {monitoring.in_flight:g} are allowed.", lasts="10m",
    )  # fmt: skip
    yield Alert(
        "ConnectionsAreRefused",
        counted('serving_closed_connections_total{reason="crowd"}', RELEASE, "10m") + " > 0",
        "ticket", f"{WHERE}: connections are closed because there are too many.",
    )  # fmt: skip
    yield Alert(
        "PredictionLogDropsRows",
        counted("serving_log_dropped_rows_total", RELEASE, "10m") + " > 0", "ticket",
        f"{WHERE}: {{{{ $value | humanize }}}} rows are not in the prediction log.",
    )  # fmt: skip
    yield Alert(
        "FeedbackIsNotWritten",
        counted('serving_feedback_total{outcome="unwritten"}', RELEASE, "10m") + " > 0", "ticket",
        f"{WHERE}: {{{{ $value | humanize }}}} labels were refused with 503, to be sent again.",
    )  # fmt: skip
    late = f"max by ({BY}) (time() - shipper_done_timestamp_seconds)"
    yield Alert(
        "PredictionsAreNotShipped", f"{late} > {SHIPPED_S:g}", "ticket",
        f"{WHERE}: for {{{{ $value | humanizeDuration }}}} the store has not had all that a log "
        "folder holds.", lasts="15m",
    )  # fmt: skip


def _two_releases(rollout_s: float) -> Alert:
    rates = f'rate(serving_requests_total{{route=~"{PREDICTS}"}}[30m])'
    return Alert(
        "RolloutStandsStill", f"count by ({BY}) (sum by ({RELEASE}) ({rates}) > 0) > 1", "ticket",
        f"{WHERE}: {{{{ $value }}}} releases have answered for longer than a rollout may take.",
        lasts=f"{math.ceil(rollout_s / 60)}m",
    )  # fmt: skip


def _name(metric: str, kind: str, window: str) -> str:
    return f"environment:{metric}:{kind}{window}"
