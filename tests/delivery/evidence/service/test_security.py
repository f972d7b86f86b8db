"""Requests that mean harm, to this repository's own service of each kind of model."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, get_args

import httpx
import pytest

from delivery.bento.client import read_examples
from delivery.evidence.service.security import (
    Attack,
    ServiceUnderTest,
    answered,
    malformed,
    mistyped,
    tried,
)
from delivery.gates.service.security import Evidence, judge
from serving.contract import Task, read_contract
from serving.settings.host import Host
from serving.settings.service import ServingSettings
from tests.serving.conftest import client_of
from tests.serving.protocols.conftest import ALL
from tests.serving.tiny import write_tiny_model

LIMIT = 1_000_000  # bytes
KEY = {
    "name": "ci",
    "sha256": hashlib.sha256(b"key").hexdigest(),
    "scopes": ["predict"],
    "expires": "2099-01-01T00:00:00Z",
}


@pytest.fixture
def model(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    write_tiny_model(tmp_path / "model", getattr(request, "param", "binary"))
    return tmp_path / "model"


def service(model: Path, **limits: int) -> ServiceUnderTest:
    allowed = ServingSettings.model_validate({"limits": limits}).limits
    good = read_examples(model)[0].instance
    return ServiceUnderTest(read_contract(model), good, allowed.body_bytes, allowed.rows)


@pytest.mark.parametrize("model", get_args(Task), indirect=True)
def test_our_own_service_refuses_all_of_it_in_good_order(model: Path) -> None:
    client = client_of(model, **ALL.model_dump())
    evidence = tried(client, service(model), guarded=False)
    verdict = judge(evidence)
    assert verdict.status == "pass", verdict.why
    assert evidence.afterwards == 200
    asked = {answer.request.partition(":")[0] for answer in evidence.hostile}
    assert {"NaN", "a key twice", "more bytes than allowed", "/invocations", "wind"} <= asked


def test_our_own_guard_lets_no_stranger_in(model: Path) -> None:
    host = Host(local=True, api_keys=json.dumps([KEY]))
    client = client_of(model, host=host, auth="keys")
    evidence = tried(client, service(model), guarded=True)
    assert {answer.status for answer in evidence.strangers or ()} == {401}
    assert {answer.status for answer in evidence.hostile} == {401}


class Hasty(BaseHTTPRequestHandler):
    """Reads no body that is too large: `refusal` is what comes back instead, None for nothing.
    Afterwards it is `ready` or not."""

    refusal: ClassVar[int | None] = None
    ready: ClassVar[int] = 200

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        if length > LIMIT:
            self.close_connection = True
            if self.refusal is not None:
                self._send(self.refusal)
            return
        body = self.rfile.read(length)
        self._send(200 if b"wind" in body and self.path == "/predict" else 400)

    def do_GET(self) -> None:
        self._send(self.ready if self.path == "/readyz" else 404)

    def do_DELETE(self) -> None:
        self._send(405)

    def _send(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("refusal", "ready", "problem"),
    [
        (413, 200, ""),
        (None, 200, ""),
        (502, 200, ""),
        (None, 503, "more bytes than allowed: no answer"),
        (502, 503, "more bytes than allowed: 502"),
        (500, 200, "more bytes than allowed: 500"),
    ],
)
def test_a_body_that_is_too_large_may_be_cut_off_where_it_answers_right_after(
    model: Path, refusal: int | None, ready: int, problem: str
) -> None:
    """A router that still sends it sees a closed connection, and answers 502."""
    handler = type("Handler", (Hasty,), {"refusal": refusal, "ready": ready})
    large = [attack for attack in malformed(service(model, body_bytes=LIMIT)) if attack.oversized]
    assert [attack.name for attack in large] == ["more bytes than allowed"]
    with served(handler) as client:
        answers = [answered(client, attack) for attack in (*large, Attack("", b"{}"))]
    verdict = judge(Evidence(answers, 200))
    assert verdict.details.get("problems", []) == ([problem] if problem else [])


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[httpx.Client]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
            yield client
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_same_model_is_asked_the_same(model: Path) -> None:
    assert [*mistyped(service(model))] == [*mistyped(service(model))]


def test_limits_are_tried_out_where_they_are(model: Path) -> None:
    attacks = {
        attack.name: attack for attack in malformed(service(model, body_bytes=1_000, rows=7))
    }
    assert len(attacks["more bytes than allowed"].body) == 1_001
    assert len(json.loads(attacks["more rows than allowed"].body)["instances"]) == 8
    huge = {attack.name for attack in malformed(service(model, body_bytes=2**30))}
    assert "more bytes than allowed" not in huge
