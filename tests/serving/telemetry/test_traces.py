"""Spans of requests, received as a collector of OpenTelemetry receives them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from serving.contract import Task
from serving.settings.collector import Collector, read_collector
from serving.settings.host import Host
from serving.telemetry.request_context import RequestContext, make_context
from serving.telemetry.traces import Tracer
from tests.serving.conftest import client_of
from tests.serving.http.test_app import ROW

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Received:
    """A collector at `url`: the requests it got, and what it answers."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.status = 200
        self.url = ""

    def spans(self) -> list[dict[str, Any]]:
        return [
            span
            for _, _, body in self.requests
            for resource in body["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]


@contextmanager
def collector() -> Iterator[Received]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.requests.append((self.path, dict(self.headers), body))
            self.send_response(received.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def attributes(span: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


def test_a_request_is_a_child_of_the_callers_span(
    models: dict[Task, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tracers: list[Tracer] = []

    class Kept(Tracer):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            tracers.append(self)

    monkeypatch.setattr("serving.guard.guard.Tracer", Kept)
    with collector() as received:
        found = read_collector(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": received.url + "/",
                "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20secret,x=y",
                "OTEL_SERVICE_NAME": "delays",
            }
        )
        assert "secret" not in repr(found)
        client = client_of(models["binary"], host=Host(local=True, collector=found))
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "mine"}
        client.post("/predict?key=secret", json={"instances": [ROW]}, headers=headers)
        client.post("/predict", json={"instances": []})
        tracers[0].close()
    [(path, sent, body)] = received.requests
    assert path == "/v1/traces"
    assert (sent["Authorization"], sent["X"]) == ("Bearer secret", "y")
    resource = attributes(body["resourceSpans"][0]["resource"])
    assert resource == {"service.name": "delays", "service.version": "r-0123456789ab"}
    child, root = received.spans()
    assert (child["traceId"], child["parentSpanId"], child["kind"]) == (TRACE, PARENT, 2)
    assert attributes(child) == {
        "http.request.method": "POST",
        "url.path": "/predict",
        "http.response.status_code": "200",
        "request.id": "mine",
    }
    assert int(child["startTimeUnixNano"]) <= int(child["endTimeUnixNano"])
    assert (len(root["traceId"]), root["parentSpanId"]) == (32, "")
    assert root["traceId"] != TRACE
    assert attributes(root)["http.response.status_code"] == "422"


def call(flags: str | None) -> RequestContext:
    header = {b"traceparent": f"00-{TRACE}-{PARENT}-{flags}".encode()} if flags else {}
    return make_context(header, "")


@pytest.mark.parametrize(
    ("flags", "share", "kept"),
    [("01", 0.0, 1), ("00", 1.0, 0), ("03", 0.0, 1), (None, 0.0, 0), (None, 1.0, 1)],
)
def test_the_caller_decides_what_is_sampled_and_else_the_share(
    flags: str | None, share: float, kept: int
) -> None:
    with collector() as received:
        tracer = Tracer(Collector(received.url, share=share), "r-1")
        tracer.answered(call(flags), "GET", "/", 200, 0.001)
        tracer.close()
    assert len(received.spans()) == kept


def counted(outcome: str, release: str) -> float:
    labels = {"outcome": outcome, "release": release}
    return REGISTRY.get_sample_value("serving_spans_total", labels) or 0.0


def test_what_a_collector_does_not_take_is_dropped_and_counted() -> None:
    with collector() as received:
        received.status = 503
        tracer = Tracer(Collector(received.url), "r-refused")
        tracer.answered(call(None), "GET", "/", 500, 0.001)
        tracer.close()
    assert received.spans()[0]["status"] == {"code": 2}
    assert (counted("sent", "r-refused"), counted("dropped", "r-refused")) == (0, 1)
    gone = Tracer(Collector(received.url), "r-gone")
    gone.answered(call(None), "GET", "/", 200, 0.001)
    gone.close()
    assert counted("dropped", "r-gone") == 1


def test_spans_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.telemetry.traces.WAITING", 2)
    monkeypatch.setattr("serving.telemetry.traces.PAUSE", 60)
    with collector() as received:
        tracer = Tracer(Collector(received.url), "r-full")
        for _ in range(5):
            tracer.answered(call(None), "GET", "/", 200, 0.001)
        tracer.close()
    assert len(received.spans()) == 2
    assert (counted("sent", "r-full"), counted("dropped", "r-full")) == (2, 3)
