"""Promises: at, below and above, and where too few asked."""

from __future__ import annotations

import pytest

from delivery.monitoring.judges.service import Counts, judge
from delivery.settings.monitoring import Monitoring

POLICY = Monitoring()  # 0.1% errors, 1% slow, 5% refused


@pytest.mark.parametrize(
    ("counts", "statuses"),
    [
        (Counts(10_000, 10, 100, 500), ("pass", "pass", "pass")),  # at each limit
        (Counts(10_000, 11, 100, 500), ("alarm", "pass", "pass")),
        (Counts(10_000, 0, 101, 0), ("pass", "alarm", "pass")),
        (Counts(10_000, 0, 0, 501), ("pass", "pass", "alarm")),
        (Counts(999, 900, 0, 0), ("no verdict",) * 3),
        (None, ("no verdict",) * 3),
    ],
)
def test_a_promise_is_kept_at_its_limit(counts: Counts | None, statuses: tuple[str, ...]) -> None:
    findings = judge(counts, POLICY)
    assert tuple(finding.status for finding in findings) == statuses
    assert [finding.judge for finding in findings] == ["errors", "latency", "refused"]


def test_what_is_required_is_said() -> None:
    assert [finding.required for finding in judge(None, POLICY)] == [
        "at most 0.1% with 5xx", "at most 1% after 250 ms", "at most 5% refused",
    ]  # fmt: skip


def test_instances_add_up() -> None:
    assert Counts(1, 2, 3, 4) + Counts(10, 20, 30, 40) == Counts(11, 22, 33, 44)
