"""Prometheus metrics with bounded labels: a route is one of ours, a status one that we send.

BentoML's own are off: they cost as much as a prediction, and label with the raw path, so that
a stranger could create series without end.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from serving.errors import Problem
from serving.telemetry.drift.pending import PENDING

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
# Both are sums over the workers that live.
IN_FLIGHT = Gauge(
    "serving_requests_in_flight",
    "Requests that a route of a protocol has begun to answer and has not finished.",
    ["release"],
    multiprocess_mode="livesum",
)
WORKERS = Gauge(
    "serving_workers",
    "Processes that answer requests.",
    ["release"],
    multiprocess_mode="livesum",
)


class Meter:
    """The metrics of one release. What each request adds is handed over in sums."""

    def __init__(self, release: str) -> None:
        self._release = release
        # labels() takes a lock and builds a key.
        self._requests = lru_cache(512)(self._request)
        self._seconds = lru_cache(64)(self._time)
        self._rows = ROWS.labels(release)
        self._explained = EXPLAINED.labels(release)
        self._ignored = IGNORED.labels(release)
        self._in_flight = IN_FLIGHT.labels(release)
        self._begun = 0  # and not ended
        self._waiting = False
        self._answers: Tally[tuple[str, int]] = Tally()
        self._times: defaultdict[str, list[float]] = defaultdict(list)
        self._row_sum = 0

    def _request(self, route: str, status: int) -> Counter:
        return REQUESTS.labels(route, str(status), self._release)

    def _time(self, route: str) -> Histogram:
        return SECONDS.labels(route, self._release)

    def begin(self) -> None:
        """A request has come to a route. `end` follows, whatever becomes of it."""
        self._begun += 1
        self._publish_soon()

    def end(self) -> None:
        self._begun -= 1
        self._publish_soon()

    def answered(self, route: str, status: int, seconds: float) -> None:
        self._answers[route, status] += 1
        self._times[route].append(seconds)
        self._publish_soon()

    def scored(self, rows: int, ignored: int) -> None:
        self._row_sum += rows
        self._publish_soon()
        if ignored:
            self._ignored.inc(ignored)

    def explained(self, rows: int, ignored: int) -> None:
        self._explained.inc(rows)
        if ignored:
            self._ignored.inc(ignored)

    def rejected(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            REJECTED.labels(problem.field or "(row)", problem.reason, self._release).inc()

    def _publish_soon(self) -> None:
        if not self._waiting:
            self._waiting = True
            PENDING.add(self._publish)

    def _publish(self) -> None:
        self._waiting = False
        for (route, status), count in self._answers.items():
            self._requests(route, status).inc(count)
        for route, times in self._times.items():
            observe_all(self._seconds(route), times)
        self._rows.inc(self._row_sum)
        self._in_flight.set(self._begun)
        self._answers.clear()
        self._times.clear()
        self._row_sum = 0


def observe_all(histogram: Histogram, values: Sequence[float]) -> None:
    """What `histogram.observe` does with each value, and its lock taken once for each bucket."""
    try:
        # Not public: another version of prometheus_client may have other names.
        bounds, buckets, total = histogram._upper_bounds, histogram._buckets, histogram._sum
    except AttributeError:
        for value in values:
            histogram.observe(value)
        return
    for number, count in Tally(bisect_left(bounds, value) for value in values).items():
        buckets[number].inc(count)
    total.inc(sum(values))


def exposition() -> bytes:
    """The metrics as text, summed over the workers of this server."""
    PENDING.flush()
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # BentoML sets it for its workers
        _forget_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_dead(folder: Path) -> None:
    """Leave what killed workers were doing out of the sums: they could not say that it ended."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):  # another scrape was faster
                mark_process_dead(pid)  # type: ignore[no-untyped-call]
        except PermissionError:
            continue  # it lives, and is somebody else's
