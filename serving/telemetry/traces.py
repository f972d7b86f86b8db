"""Spans of requests for OpenTelemetry, sent as JSON over HTTP (OTLP) where an endpoint is set.

The variables are OpenTelemetry's own. A span has the caller's W3C trace and is its child; whoever
says that a trace is not sampled is believed, and of those that begin here a share is kept. Spans
wait in a bounded queue and a thread sends them, so that no request waits for a collector.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException

import orjson
from prometheus_client import Counter

from serving.settings.collector import Collector
from serving.telemetry.request_context import RequestContext

logger = logging.getLogger("serving")
WAITING = 10_000  # spans, about 10 MB
BATCH = 512
PAUSE = 1.0  # s between two requests to the collector
TIMEOUT = 5.0  # s
SHOWN = 200  # characters of a path; its query may hold secrets, and is left out
SERVER = 2  # the kind of a span
ERROR = 2  # its status

SENT = Counter("serving_spans_total", "Spans by what became of them.", ["outcome", "release"])


@dataclass(frozen=True, slots=True)
class Span:
    """One answered request; times in ns since 1970."""

    context: RequestContext
    method: str
    path: str
    status: int
    start: int
    end: int


class Tracer:
    """Sends spans to a collector. It has no part in answering: what cannot be sent is dropped
    and counted."""

    def __init__(self, collector: Collector, release: str) -> None:
        self._collector = collector
        self._release = release
        self._least = int(collector.share * 2**64)
        self._queue: deque[Span] = deque()
        self._sent, self._dropped = (
            SENT.labels(outcome, release) for outcome in ("sent", "dropped")
        )
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def answered(
        self, context: RequestContext, method: str, path: str, status: int, seconds: float
    ) -> None:
        """Take note of a request that was answered just now."""
        if context.trace:
            if not context.sampled:
                return
        else:
            if int.from_bytes(os.urandom(8)) >= self._least:
                return
            context.trace = os.urandom(16).hex()
        if len(self._queue) >= WAITING:
            self._dropped.inc()
            return
        now = time.time_ns()
        self._queue.append(Span(context, method, path, status, now - int(seconds * 1e9), now))
        if self._thread is None:  # here, so that it runs in the worker and not where it came from
            self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def close(self) -> None:
        """Send what waits, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(TIMEOUT)

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        while self._queue:
            count = min(len(self._queue), BATCH)
            spans = [self._queue.popleft() for _ in range(count)]
            try:
                self._send(spans)
            except (OSError, HTTPException, ValueError) as error:  # URLError is an OSError
                self._dropped.inc(count)
                logger.error("spans cannot be sent: %s", error)
                return
            self._sent.inc(count)

    def _send(self, spans: list[Span]) -> None:
        resource = {"service.name": self._collector.name, "service.version": self._release}
        scoped = {"scope": {"name": "serving"}, "spans": [_json(span) for span in spans]}
        described = {"attributes": _attributes(resource)}
        body = {"resourceSpans": [{"resource": described, "scopeSpans": [scoped]}]}
        headers = {**self._collector.headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self._collector.url, orjson.dumps(body), headers)
        # An answer of 4xx or 5xx raises. That the URL is of http(s), read_collector has seen.
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # nosec B310
            pass


def _json(span: Span) -> dict[str, object]:
    attributes = {
        "http.request.method": span.method,
        "url.path": span.path[:SHOWN],
        "http.response.status_code": span.status,
        "request.id": span.context.id,
    }
    return {
        "traceId": span.context.trace,
        "spanId": os.urandom(8).hex(),
        "parentSpanId": span.context.span,
        "name": span.method,
        "kind": SERVER,
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(span.end),
        "attributes": _attributes(attributes),
        "status": {"code": ERROR} if span.status >= 500 else {},
    }


def _attributes(values: Mapping[str, object]) -> list[dict[str, object]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: object) -> dict[str, object]:
    return {"intValue": str(value)} if type(value) is int else {"stringValue": value}
