"""Prometheus metrics with bounded labels: a route is one of ours, a status one that we send.

BentoML's own are off: they cost as much as a prediction, and label with the raw path, so that
a stranger could create series without end.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from serving.errors import Problem

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

REQUESTS = Counter("serving_requests_total", "Answered requests.", ["route", "status", "release"])
SECONDS = Histogram(
    "serving_request_seconds",
    "Time from the first byte of a request to its answer, in seconds.",
    ["route", "release"],
    buckets=_BUCKETS,
)
ROWS = Counter("serving_rows_total", "Rows that were scored.", ["release"])
EXPLAINED = Counter("serving_explained_rows_total", "Rows that were explained.", ["release"])
IGNORED = Counter(
    "serving_ignored_fields_total", "Values of fields that the contract does not know.", ["release"]
)
REJECTED = Counter(
    "serving_rejected_rows_total",
    "Values that the contract does not allow, at most 20 of a request; field is an input's.",
    ["field", "reason", "release"],
)


class Meter:
    """The metrics of one release."""

    def __init__(self, release: str) -> None:
        self._release = release
        # labels() takes a lock and builds a key: too dear for every request.
        self._requests = lru_cache(512)(self._request)
        self._seconds = lru_cache(64)(self._time)
        self._rows = ROWS.labels(release)
        self._explained = EXPLAINED.labels(release)
        self._ignored = IGNORED.labels(release)

    def _request(self, route: str, status: int) -> Counter:
        return REQUESTS.labels(route, str(status), self._release)

    def _time(self, route: str) -> Histogram:
        return SECONDS.labels(route, self._release)

    def answered(self, route: str, status: int, seconds: float) -> None:
        self._requests(route, status).inc()
        self._seconds(route).observe(seconds)

    def scored(self, rows: int, ignored: int) -> None:
        self._rows.inc(rows)
        if ignored:
            self._ignored.inc(ignored)

    def explained(self, rows: int, ignored: int) -> None:
        self._explained.inc(rows)
        if ignored:
            self._ignored.inc(ignored)

    def rejected(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            REJECTED.labels(problem.field or "(row)", problem.reason, self._release).inc()


def exposition() -> bytes:
    """The metrics as text, summed over the workers of this server."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # BentoML sets it for its workers
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
