"""The guard of a built bento that is really served: TLS, client certificates, keys, two workers.

One server for all of it; the last test stops it under load.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from delivery.bento.bento import Bento
from delivery.bento.environment import bytecode, environment
from serving.settings.service import ServingSettings
from tests.delivery.bentos import Bench, shared_bench, tiny
from tests.delivery.running import eventually, free_port
from tests.serving.authority import Authority
from tests.serving.guard.callers.test_auth import entry
from tests.serving.guard.test_guard import LATER
from tests.serving.telemetry.test_traces import Received, attributes, collector

ROW = {"distance": 800.0, "wind": None, "hour": 9, "weekend": False, "carrier": "UA"}
ONE = {"instances": [ROW]}
IN_FLIGHT = 6


@dataclass(frozen=True)
class Served:
    """A server at localhost:`port`, its arbiter, where it logs, a client's certificate, and what
    its collector of traces received."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    predictions: Path
    authority: Authority
    identity: tuple[Path, Path]
    received: Received

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority.certificate)
        context.load_cert_chain(*self.identity)
        return context

    def client(self, key: str = "all", **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"}
        chosen = {"verify": self.context(), "headers": headers} | options
        return httpx.Client(base_url=f"https://localhost:{self.port}", timeout=30, **chosen)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return shared_bench(tmp_path_factory)


def started(
    bench: Bench, home: Path, subject: Bento | None = None, **variables: str
) -> subprocess.Popen[bytes]:
    subject = subject or bench.bento("better", tiny())
    python = environment(subject.path, bench.workspace / "envs")
    command = [python, "-m", "bentoml", "serve", subject.path.absolute(), "--host", "127.0.0.1"]
    own = {
        "PATH": f"{python.parent}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        "RELEASE_ID": subject.id,
        # The bento is shared with other tests, and its content is hashed.
        "PYTHONPYCACHEPREFIX": str(bytecode(python)),
    }
    with (home / "log").open("wb") as log:
        return subprocess.Popen(command, env=own | variables, stdout=log, stderr=log, cwd=home)


@pytest.fixture(scope="module")
def received() -> Iterator[Received]:
    with collector() as found:
        yield found


@pytest.fixture(scope="module")
def served(
    bench: Bench, received: Received, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    authority = Authority(home / "authority")
    certificate, key = authority.issue("server")
    scopes = ["predict", "explain", "feedback", "metrics"]
    keys = [
        entry("all", name="all", scopes=scopes, expires=LATER),
        entry("one", name="one", expires=LATER),
    ]
    settings = ServingSettings.model_validate(
        {
            "auth": "keys",
            "limits": {"body_bytes": 100_000, "idle_seconds": 2},
            "log": {"requests": True},
            "batching": {"max_rows": 4, "wait_ms": 20},  # a drain waits for them too
            "workers": 2,
        }
    )
    port = free_port()
    process = started(
        bench,
        home,
        PORT=str(port),
        SERVING_API_KEYS=json.dumps(keys),
        SERVING_TLS_CERTIFICATE=str(certificate),
        SERVING_TLS_KEY=str(key),
        SERVING_TLS_CLIENT_CA=str(authority.certificate),
        SERVING_LOG_FOLDER=str(home / "predictions"),
        SERVING_DRAIN_SECONDS="3",
        OTEL_EXPORTER_OTLP_ENDPOINT=received.url,
        BENTOML_CONTAINERIZED="true",  # where BentoML would not replace a worker
        **settings.to_environment(),
    )
    identity = authority.issue("client")
    logs = home / "log", home / "predictions"
    found = Served(port, process, *logs, authority, identity, received)
    try:
        with found.client() as client:
            eventually(lambda: ready(client, process, home / "log"), seconds=90)
        yield found
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=30)


def ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_client_with_certificate_and_key_is_answered(served: Served) -> None:
    with served.client() as client:
        answer = client.post("/predict", json=ONE, headers={"X-Request-ID": "mine"})
    assert answer.status_code == 200
    assert answer.headers["X-Request-ID"] == "mine"
    assert len(answer.json()["predictions"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "/livez", "none", 200),
        ("GET", "/readyz", "none", 200),
        ("POST", "/predict", "none", 401),
        ("POST", "/predict", "one", 200),
        ("POST", "/explain", "one", 403),
        ("POST", "/explain", "all", 200),
        ("GET", "/metrics", "one", 403),
        ("GET", "/metrics", "all", 200),
        ("GET", "/release", "none", 401),
        ("GET", "/docs.json", "none", 401),
        ("GET", "/schema.json", "none", 401),
        ("GET", "/never/heard/of", "none", 401),
        ("POST", "/v2/models/tiny/infer", "none", 401),
    ],
)
def test_every_route_asks_for_a_key_those_of_bentoml_too(
    served: Served, method: str, path: str, key: str, status: int
) -> None:
    with served.client(key) as client:
        body = ONE if method == "POST" else None
        answer = client.request(method, path, json=body)
    assert answer.status_code == status


def test_a_client_without_a_certificate_is_not_talked_to(served: Served) -> None:
    context = ssl.create_default_context(cafile=served.authority.certificate)
    with served.client(verify=context) as client, pytest.raises(httpx.TransportError):
        client.get("/livez")


def test_a_certificate_of_somebody_else_is_not_enough(served: Served, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=served.authority.certificate)
    context.load_cert_chain(*Authority(tmp_path / "other").issue("client"))
    with served.client(verify=context) as client, pytest.raises(httpx.TransportError):
        client.get("/livez")


def negotiated(served: Served, version: ssl.TLSVersion, ciphers: str | None) -> str:
    context = served.context()
    context.minimum_version = context.maximum_version = version
    if ciphers is not None:
        context.set_ciphers(ciphers)
    with (
        socket.create_connection(("127.0.0.1", served.port)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as spoken,
    ):
        found = spoken.cipher()
        assert found is not None
        return found[0]


def test_modern_ciphers_are_spoken(served: Served) -> None:
    assert "GCM" in negotiated(served, ssl.TLSVersion.TLSv1_3, None)
    assert negotiated(served, ssl.TLSVersion.TLSv1_2, None).startswith("ECDHE-")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "ciphers"),
    [
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "AES256-GCM-SHA384:@SECLEVEL=0"),
    ],
)
def test_old_ones_are_not(served: Served, version: ssl.TLSVersion, ciphers: str) -> None:
    """TLS 1.1; CBC with SHA-1; no forward secrecy."""
    with pytest.raises(OSError, match=r"(?i)ssl|tls|reset"):
        negotiated(served, version, ciphers)


def test_an_upload_without_end_is_answered_before_its_end(served: Served) -> None:
    sent = 0

    def forever() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 10_000

    with served.client() as client:
        try:
            answer = client.post("/predict", content=forever())
        except httpx.TransportError:
            pass  # it was still sending when the connection was closed
        else:
            assert answer.status_code == 413
        assert client.post("/predict", json=ONE).status_code == 200
    assert sent < 2_000


def test_headers_are_limited_before_a_key_is_shown(served: Served) -> None:
    with served.client("none", headers={f"X-{number}": "x" for number in range(150)}) as client:
        answer = client.post("/predict", json=ONE)
    assert answer.status_code == 431
    assert answer.json()["error"]["message"].startswith("the headers are more than 100")


def test_a_connection_that_asks_nothing_is_closed(served: Served) -> None:
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=60) as raw,
        served.context().wrap_socket(raw, server_hostname="localhost") as silent,
    ):
        assert silent.recv(1) == b""
    with served.client() as client:
        assert 'serving_closed_connections_total{reason="silent"' in client.get("/metrics").text


def test_metrics_are_those_of_both_workers(served: Served) -> None:
    """Requests reach either worker; any of them tells about both."""
    label = 'route="/predict",status="200"'

    def counted() -> float:
        with served.client() as client:
            lines = client.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if label in line)

    before = counted()
    for _ in range(12):
        with served.client() as client:
            assert client.post("/predict", json=ONE).status_code == 200
    assert counted() == before + 12


def test_predictions_and_requests_are_written_down(served: Served) -> None:
    with served.client() as client:
        client.post("/predict", json=ONE, headers={"X-Request-ID": "written"})
        truth = {"feedback": [{"request_id": "written", "truth": True}]}
        told, again = client.post("/feedback", json=truth), client.post("/feedback", json=truth)
    assert (told.json()["accepted"], again.json()["duplicates"]) == (1, 1)

    def lines() -> list[Any]:
        files = served.predictions.glob("predictions-*.jsonl")
        found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return [line for line in found if line["request_id"] == "written"]

    def spans() -> list[Any]:
        return [one for one in served.received.spans() if "written" in attributes(one).values()]

    [span] = eventually(spans)
    assert attributes(span)["http.response.status_code"] == "200"
    [line] = eventually(lines)
    assert line["features"]["distance"] == [800.0]
    assert '"request_id":"written"' in served.log.read_text()


def workers(process: subprocess.Popen[bytes]) -> set[int]:
    """The pids of the workers that live."""
    children = psutil.Process(process.pid).children()
    return {each.pid for each in children if each.status() != psutil.STATUS_ZOMBIE}


def test_a_worker_that_dies_is_replaced(served: Served) -> None:
    before = workers(served.process)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)

    def replaced() -> bool:
        return victim not in workers(served.process) and len(workers(served.process)) == len(before)

    eventually(replaced, seconds=60)
    with served.client() as client:
        assert client.post("/predict", json=ONE).status_code == 200


def test_a_service_that_nobody_guards_does_not_start(bench: Bench, tmp_path: Path) -> None:
    process = started(bench, tmp_path, PORT=str(free_port()))
    try:
        assert process.wait(timeout=90) != 0
    finally:
        process.kill()
        process.wait()
    last = (tmp_path / "log").read_text().strip().splitlines()[-1]
    assert last.startswith("error: auth: nobody is asked for credentials")


def test_requests_in_flight_are_answered_after_sigterm(served: Served) -> None:
    """Each has sent half of its body when the server is told to end. Readiness is false at once,
    and who has not noticed yet is still answered."""
    body = json.dumps(ONE).encode()
    context = served.context()

    def begun() -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection(
            "localhost", served.port, context=context, timeout=30
        )
        connection.putrequest("POST", "/predict")
        connection.putheader("Authorization", "Bearer all")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        connection.send(body[:20])
        return connection

    in_flight = [begun() for _ in range(IN_FLIGHT)]
    idle = http.client.HTTPSConnection("localhost", served.port, context=context, timeout=30)
    idle.request("GET", "/livez")
    idle.getresponse().read()
    served.process.send_signal(signal.SIGTERM)

    def unready() -> bool:
        idle.request("GET", "/readyz")
        answer = idle.getresponse()
        answer.read()
        return answer.status == 503

    eventually(unready)
    with served.client() as client:
        assert client.post("/predict", json=ONE).status_code == 200
    assert idle.sock.recv(1) == b"", "closed: the server is ending"
    idle.close()
    for connection in in_flight:
        connection.send(body[20:])
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        assert json.loads(content)["predictions"]
        connection.close()
    served.process.wait(timeout=30)
