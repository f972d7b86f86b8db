"""Services that are slow, failing or not who they should be, under the real load and judge."""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from delivery.bento.bento import Bento
from delivery.bento.client import read_examples
from delivery.bento.digest import file_hashes
from delivery.bento.temporary import Servers
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.predictions import Predictions
from delivery.evidence.service.latency import gather
from delivery.evidence.service.load import measure
from delivery.evidence.service.security import ServiceUnderTest, attacked
from delivery.evidence.trial import Trial
from delivery.gates.policy import GatesPolicy
from delivery.gates.service import latency, load, security, smoke
from tests.delivery.bentos import Bench
from tests.delivery.standin import Answer, halves, standin
from tests.serving.heavy import hungry as hungry_code
from tests.serving.heavy import slow as slow_code
from tests.serving.tiny import write_tiny_model

POLICY = load.Policy(seconds=1, users=4, requests_per_second=40, minimum_requests=5, p95_ms=100)
BESIDE = latency.Policy(blocks=10, requests=2)


def slow(batch: list[dict[str, Any]]) -> tuple[int, Any]:
    time.sleep(0.2)  # what is measured: a model that takes twice the limit
    return halves(batch)


def failing(batch: list[dict[str, Any]]) -> tuple[int, Any]:
    return 500, {"error": {"message": "out of memory"}}


@pytest.mark.parametrize(("answer", "text"), [(slow, "is too slow"), (failing, "out of memory")])
def test_a_slow_or_failing_service_is_refused_by_load(
    tmp_path: Path, answer: Answer, text: str
) -> None:
    examples = tmp_path / "examples.jsonl"
    examples.write_text(json.dumps({"instance": {}, "prediction": 0.5}) + "\n")
    with standin(answer) as url:
        verdict = load.judge(load.Evidence(measure(url, examples, POLICY)), POLICY)
    assert verdict.status == "fail"
    assert text in verdict.why


@pytest.mark.parametrize(
    ("name", "write", "text"),
    [("slow", slow_code, "times as long"), ("hungry", hungry_code, "MB are allowed")],
)
def test_much_slower_or_larger_than_the_champion_is_refused_by_latency(
    bench: Bench, champion: Bento, name: str, write: Callable[[Path], None], text: str
) -> None:
    """It answers the same, and fast enough under load; only beside the champion it shows."""
    candidate = bench.bento(name, write)
    with Servers(bench.workspace, lambda _: None) as servers:
        predictions, policy = Predictions(bench.workspace, servers), GatesPolicy(latency=BESIDE)
        trial = Trial(candidate, champion, Evaluation(bench.folder), policy, predictions)
        verdict = latency.judge(gather(trial), BESIDE)
    assert (verdict.gate, verdict.status) == ("latency", "fail")
    assert text in verdict.why


class Naive(BaseHTTPRequestHandler):
    """Takes whatever it can read, from anybody, and answers the rest with what went wrong."""

    def do_POST(self) -> None:
        try:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(200, json.dumps({"predictions": [0.5 for _ in body["instances"]]}))
        except Exception:  # as such services do
            self._send(500, traceback.format_exc())

    def do_GET(self) -> None:
        self._send(200, "{}")

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def naive() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Naive)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("guarded", "texts"),
    [
        (False, ["half of JSON: 500", "its answer shows the inside: Traceback", "NaN: was taken"]),
        (True, ["GET /predict without a key: 200, expected 401 or 403"]),
    ],
)
def test_a_service_that_breaks_or_lets_anybody_in_is_refused_by_security(
    tmp_path: Path, naive: str, guarded: bool, texts: list[str]
) -> None:
    contract = write_tiny_model(tmp_path)
    good = read_examples(tmp_path)[0].instance
    service = ServiceUnderTest(contract, good, body_bytes=10_000, rows=10)
    verdict = security.judge(attacked(naive, service, guarded=guarded))
    assert (verdict.gate, verdict.status) == ("security", "fail")
    for text in texts:
        assert text in "; ".join(verdict.details["problems"])


def test_one_byte_changed_in_a_loaded_file_is_refused_by_smoke(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"model")
    released = file_hashes(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"modem")
    answer = {"release": "r-1", "files": file_hashes(tmp_path)}
    verdict = smoke.judge(smoke.Evidence("r-1", released, answer))
    assert verdict.status == "fail"
    assert "model.onnx has hash" in verdict.why
