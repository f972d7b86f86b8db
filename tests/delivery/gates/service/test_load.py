"""The service must be fast enough and must not fail under load."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from delivery.gates.service.load import Evidence, Measured, Policy, judge

POLICY = Policy()
# Exactly at every limit.
LIMIT = Measured(
    requests=1000,
    errors=1,
    p50_ms=5,
    p95_ms=POLICY.p95_ms,
    p99_ms=POLICY.p99_ms,
    max_ms=500,
    rate=POLICY.throughput * POLICY.requests_per_second,
    seconds=5,
)


def status(**fields: float) -> str:
    return judge(Evidence(replace(LIMIT, **fields)), POLICY).status


def test_every_limit_may_be_reached() -> None:
    assert status() == "pass"
    assert LIMIT.errors / LIMIT.requests == POLICY.error_share


@pytest.mark.parametrize("name", ["p95_ms", "p99_ms"])
def test_latency_below_the_limit_passes_and_above_fails(name: str) -> None:
    limit = getattr(POLICY, name)
    assert status(**{name: limit - 0.1}) == "pass"
    assert status(**{name: limit + 0.1}) == "fail"


def test_errors_and_throughput_beyond_the_limit_fail() -> None:
    assert status(errors=0) == "pass"
    assert status(errors=2) == "fail"
    assert status(rate=LIMIT.rate + 0.1) == "pass"
    assert status(rate=LIMIT.rate - 0.1) == "fail"


@pytest.mark.parametrize("name", ["p95_ms", "p99_ms", "rate"])
def test_nan_holds(name: str) -> None:
    assert status(**{name: math.nan}) == "hold"


@pytest.mark.parametrize(("requests", "expected"), [(299, "hold"), (300, "pass"), (301, "pass")])
def test_too_few_requests_hold(requests: int, expected: str) -> None:
    assert status(requests=requests, errors=0) == expected


def test_no_request_and_no_measurement_hold() -> None:
    assert status(requests=0, errors=0) == "hold"
    assert judge(Evidence(None, "Locust did not end"), POLICY).why == "Locust did not end"


def test_the_first_error_is_told() -> None:
    broken = replace(LIMIT, errors=900, first_error="status 500: boom")
    assert "900 of 1000 requests failed: status 500: boom" in judge(Evidence(broken), POLICY).why
