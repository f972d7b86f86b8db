"""The program of a pod, with real Traefik before two services."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from delivery.manifests.objects import Object
from delivery.targets.kubernetes.dividing import configuration, divider
from delivery.targets.kubernetes.dividing.divider import POD, Control, Divider
from delivery.targets.kubernetes.dividing.lease import SPLIT
from delivery.targets.local.routing.configuration import PROBE, THROUGH
from delivery.targets.split import Split, slot_of

ONE, TWO = "r-111111111111", "r-222222222222"
HOSTS = {ONE: "127.0.0.1", TWO: "127.0.0.2"}
HALF = Split("a" * 40, 1, ONE, TWO, 50, "X-User")
HERS = next(f"user-{n}" for n in range(99) if slot_of(HALF.attempt, f"user-{n}") in HALF.slots)
HIS = next(f"user-{n}" for n in range(99) if slot_of(HALF.attempt, f"user-{n}") not in HALF.slots)


@dataclass
class FakeCluster:
    """A Lease and two releases. `away`: the API server does not answer."""

    renewals: int = 0
    away: bool = False
    holder: str | None = "watcher"
    split: Split = field(default=HALF)

    def lease(self) -> Object:
        if self.away:
            raise httpx.ConnectError("away")
        spec = {"holderIdentity": self.holder, "renewTime": str(self.renewals)}
        return {"metadata": {"annotations": {SPLIT: json.dumps(asdict(self.split))}}, "spec": spec}

    def addresses(self, _: object) -> Mapping[str, Sequence[str]]:
        return {name: [host] for name, host in HOSTS.items()}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def serving(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> Iterator[None]:
    server = ThreadingHTTPServer((host, port), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


def service(release: str) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.dumps({"release": release}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Answer


@dataclass
class Pod:
    """A divider that runs, and its two addresses."""

    divider: Divider
    cluster: FakeCluster
    clients: str
    control: str

    def answers(self, user: str) -> str:
        answer = httpx.post(f"{self.clients}/predict", content=b"{}", headers={"X-User": user})
        return str(answer.json()["release"])

    def ask(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.control}{path}")


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pod]:
    inward, outward, control = (free_port() for _ in range(3))
    monkeypatch.setattr(divider, "PORT", outward)
    monkeypatch.setattr(divider, "LOOK", 0.05)
    monkeypatch.setattr(divider, "SILENCE", 1.0)
    monkeypatch.setattr(configuration, "PORT", inward)
    cluster = FakeCluster()
    made = Divider(tmp_path, "127.0.0.1", cluster)  # type: ignore[arg-type]
    made.log.touch()
    handler = type("Bound", (Control,), {"divider": made})
    running = threading.Thread(target=made.run, daemon=True)
    beating, ended = threading.Event(), threading.Event()

    def beat() -> None:
        while not ended.wait(0.1):
            cluster.renewals += not beating.is_set()

    with (
        serving(HOSTS[ONE], inward, service(ONE)),
        serving(HOSTS[TWO], inward, service(TWO)),
        serving("127.0.0.1", control, handler),
    ):
        threading.Thread(target=beat, daemon=True).start()
        running.start()
        try:
            yield Pod(made, cluster, f"http://127.0.0.1:{outward}", f"http://127.0.0.1:{control}")
        finally:
            ended.set()
            made.end(0)
            running.join(60)


def eventually(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (value := _tried(found)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def _tried(found: Callable[[], Any]) -> Any:
    try:
        return found()
    except (httpx.HTTPError, ValueError):
        return None


def test_clients_meet_the_release_of_their_slot_while_somebody_watches(pod: Pod) -> None:
    assert eventually(lambda: pod.ask("/readyz").is_success)
    assert eventually(lambda: pod.answers(HERS) == TWO)
    assert pod.answers(HIS) == ONE
    assert pod.ask("/status").json() == {"stamp": HALF.stamp, "watched": True}
    probe = httpx.get(f"{pod.clients}/release", headers={PROBE: THROUGH})
    assert probe.headers["X-Delivery-Step"] == HALF.stamp
    records = pod.ask("/records")
    lines = [json.loads(line) for line in records.content.splitlines()]
    assert {each["request_X-Delivery-Step"] for each in lines} == {HALF.stamp}
    known = {records.headers[POD]: str(len(records.content))}
    assert pod.ask(f"/records?{httpx.QueryParams(known)}").content == b""
    pod.cluster.away = True  # nothing is heard of the watcher
    assert eventually(lambda: pod.answers(HERS) == ONE)
    assert not pod.ask("/status").json()["watched"]
    assert pod.answers(HIS) == ONE


def test_a_watcher_that_gives_up_is_believed_at_once_and_another_step_is_followed(
    pod: Pod,
) -> None:
    assert eventually(lambda: pod.answers(HERS) == TWO)
    more = Split(HALF.attempt, 2, ONE, TWO, 95, "X-User")
    pod.cluster.split = more
    assert eventually(lambda: pod.ask("/status").json()["stamp"] == more.stamp)
    pod.cluster.holder = None
    assert eventually(lambda: pod.answers(HERS) == ONE)


def test_one_that_ends_is_not_ready_and_answers_on(pod: Pod) -> None:
    assert eventually(lambda: pod.ask("/readyz").is_success)
    assert eventually(lambda: pod.answers(HIS) == ONE)
    pod.divider.end(30.0)
    assert pod.ask("/readyz").status_code == 503
    assert pod.ask("/livez").is_success
    assert pod.answers(HIS) == ONE
