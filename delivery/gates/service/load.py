"""The service must answer fast enough and without errors under steady load (Locust)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from pydantic import Field

from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "load"


class Policy(Strict):
    """`users` clients ask for `requests_per_second` in all, for `seconds` after a warm-up.

    Latencies are in milliseconds. `throughput` is the share of the asked rate that must be
    answered.
    """

    seconds: float = Field(default=5.0, ge=1, le=600)
    users: int = Field(default=8, ge=1, le=1_000)
    requests_per_second: float = Field(default=100.0, gt=0)
    p95_ms: float = Field(default=150.0, gt=0)
    p99_ms: float = Field(default=400.0, gt=0)
    error_share: float = Field(default=0.001, ge=0, le=1)
    throughput: float = Field(default=0.9, gt=0, le=1)
    # p99 has no bound at all with fewer than 299 requests.
    minimum_requests: int = Field(default=300, ge=1)


@dataclass(frozen=True)
class Measured:
    """What a load run measured, warm-up dropped. Latencies in ms, `rate` in requests/s."""

    requests: int
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    rate: float
    seconds: float
    first_error: str = ""

    def to_json(self) -> dict[str, float | int | str]:
        return asdict(self)


@dataclass(frozen=True)
class Evidence:
    """None: not measured, and `missing` says why."""

    measured: Measured | None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if latency, errors and throughput are all within their limits."""
    required = (
        f"p95 ≤ {policy.p95_ms:g} ms, p99 ≤ {policy.p99_ms:g} ms, errors ≤ "
        f"{policy.error_share:.1%}, ≥ {policy.throughput * policy.requests_per_second:g} requests/s"
    )
    load = evidence.measured
    if load is None:
        why = evidence.missing or "no load was measured"
        return Verdict(GATE, "hold", "not measured", required, why)
    share = load.errors / load.requests if load.requests else math.nan
    measured = (
        f"p95 {load.p95_ms:.0f} ms, p99 {load.p99_ms:.0f} ms, errors {share:.1%}, "
        f"{load.rate:.0f} requests/s"
    )
    problems = _problems(load, share, policy)
    if problems:
        return Verdict(GATE, "fail", measured, required, "; ".join(problems), load.to_json())
    values = (load.p95_ms, load.p99_ms, load.rate, share)
    if load.requests < policy.minimum_requests or not all(map(math.isfinite, values)):
        why = f"{load.requests} requests measured, {policy.minimum_requests} are needed"
        return Verdict(GATE, "hold", measured, required, why, load.to_json())
    why = f"{load.requests:,} requests in {load.seconds:.0f} s, {load.errors} errors"
    return Verdict(GATE, "pass", measured, required, why, load.to_json())


def _problems(load: Measured, share: float, policy: Policy) -> list[str]:
    """What is beyond a limit. A comparison with NaN is False: that is for the hold above."""
    least = policy.throughput * policy.requests_per_second
    problems = []
    if load.p95_ms > policy.p95_ms:
        problems.append(f"p95 of {load.p95_ms:.0f} ms is too slow")
    if load.p99_ms > policy.p99_ms:
        problems.append(f"p99 of {load.p99_ms:.0f} ms is too slow")
    if share > policy.error_share:
        problems.append(f"{load.errors} of {load.requests} requests failed: {load.first_error}")
    if load.rate < least:
        problems.append(f"{load.rate:.0f} requests/s answered, {least:g} are needed")
    return problems
