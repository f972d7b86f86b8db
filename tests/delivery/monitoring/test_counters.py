"""What a real service exposes is what is counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from delivery.monitoring.counters import counts, parse
from delivery.monitoring.judges.service import Counts
from delivery.settings.monitoring import Monitoring
from tests.serving.conftest import client_of
from tests.serving.telemetry.counted import ROW
from tests.serving.tiny import write_tiny_model

TEXT = """\
serving_requests_total{route="/predict",status="200",release="r-1"} 90
serving_requests_total{route="/predict",status="422",release="r-1"} 5
serving_requests_total{route="/predict",status="500",release="r-1"} 3
serving_requests_total{route="refused",status="504",release="r-1"} 2
serving_requests_total{route="refused",status="401",release="r-1"} 70
serving_requests_total{route="/readyz",status="503",release="r-1"} 40
serving_request_seconds_bucket{route="/predict",le="0.1",release="r-1"} 60
serving_request_seconds_bucket{route="/predict",le="0.25",release="r-1"} 88
serving_request_seconds_bucket{route="/predict",le="+Inf",release="r-1"} 98
serving_request_seconds_count{route="/predict",release="r-1"} 98
serving_request_seconds_count{route="/readyz",release="r-1"} 40
"""
EXPECTED = Counts(answers=100, errors=5, slow=10, refused=5)


def test_probes_and_strangers_are_no_predictions() -> None:
    assert parse(TEXT, 0.25) == EXPECTED


def test_a_real_exposition_is_read(tmp_path: Path) -> None:
    write_tiny_model(tmp_path)
    with client_of(tmp_path) as client:
        before = parse(client.get("/metrics").text, 0.25)
        for row in (ROW, ROW, ROW | {"hour": 99}):
            client.post("/predict", json={"instances": [row]})
        after = parse(client.get("/metrics").text, 0.25)
    assert after.answers - before.answers == 3
    assert (after.refused - before.refused, after.errors - before.errors) == (1, 0)


class Exposed(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/metrics" else 404)
        self.end_headers()
        self.wfile.write(TEXT.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Exposed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_instances_are_added_up_and_silent_ones_left_out(url: str) -> None:
    policy = Monitoring()
    assert counts([url, url, "http://127.0.0.1:1"], policy) == EXPECTED + EXPECTED
    assert counts(["http://127.0.0.1:1", f"{url}/nowhere"], policy) is None
    assert counts([], policy) is None
