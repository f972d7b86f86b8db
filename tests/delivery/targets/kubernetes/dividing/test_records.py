"""Records of two pods behind one address, which takes one after the other."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from delivery.targets.kubernetes.dividing.divider import POD
from delivery.targets.kubernetes.dividing.records import PodRecords, PodRequests
from delivery.targets.split import Split


@dataclass
class Pods:
    """What each wrote down."""

    written: dict[str, bytes] = field(default_factory=lambda: {"aa": b"one\n", "bb": b""})
    url: str = ""


@pytest.fixture
def pods() -> Iterator[Pods]:
    made, turns = Pods(), itertools.count()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            names = sorted(made.written)
            pod = names[next(turns) % len(names)]
            read = parse_qs(urlsplit(self.path).query).get(pod, ["0"])[0]
            self.send_response(200)
            self.send_header(POD, pod)
            self.end_headers()
            self.wfile.write(made.written[pod][int(read) :])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_each_pod_adds_is_copied_once(pods: Pods, tmp_path: Path) -> None:
    records = PodRecords(tmp_path, lambda: pods.url)
    records.copy()
    pods.written["aa"] += b"two\n"
    pods.written["bb"] += b"three\n"
    records.copy()
    copied = {file.stem: file.read_bytes() for file in records.files()}
    assert copied == pods.written
    assert not records.lost


def test_a_pod_that_is_gone_took_its_records_along(pods: Pods, tmp_path: Path) -> None:
    records = PodRecords(tmp_path, lambda: pods.url)
    records.copy()
    pods.written = {"cc": b""}
    records.copy()
    assert records.lost


def test_after_the_end_nothing_is_asked_and_nothing_is_missing(tmp_path: Path) -> None:
    records = PodRecords(tmp_path, lambda: "")
    records.copy()
    assert not records.lost


def test_records_of_another_attempt_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / "bbbbbbbbbbbb").mkdir()
    split = Split("a" * 40, 1, "r-111111111111", "r-222222222222", 5)
    assert len(PodRequests(tmp_path, lambda: "", split).samples().at) == 0
    assert [each.name for each in tmp_path.iterdir()] == ["a" * 12]
