"""A real Prometheus that scrapes real bentos under load, with a day as short as two seconds.

The rules are those of infra/monitoring/, with labels; only `[7d]` and `offset 7d` become 14 s.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from delivery.monitoring.files import render
from delivery.settings.policy import Settings
from serving.contract import Histogram, Output
from tests.delivery.bentos import shared_bench
from tests.delivery.running import eventually, free_port
from tests.serving.test_served import started
from tests.serving.tiny import write_tiny_model

PROMETHEUS = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
needs_prometheus = pytest.mark.skipif(
    PROMETHEUS is None, reason="prometheus is not there: apt-get install prometheus"
)
DAY = 2  # s
SECONDS = 34  # of load: two windows of 14 s, and a little more
ROW = {"distance": 800.0, "wind": 7.0, "hour": 9, "weekend": False, "carrier": "UA"}
SCORES = Histogram(edges=(0.0, 0.3, 0.6, 1.0), counts=(30, 40, 30))
INPUTS = {
    "carrier": {"histogram": Histogram(labels=("AA", "UA"), counts=(50, 50))},
    "distance": {"histogram": Histogram(edges=(0.0, 500.0, 1000.0), counts=(50, 50))},
}


def write_watched_model(folder: Path) -> object:
    """A tiny model with histograms of its scores and of three inputs."""
    output = Output(name="score", dtype="float32", histogram=SCORES)
    return write_tiny_model(folder, contract={"outputs": (output,)}, inputs=INPUTS)


@dataclass(frozen=True)
class Prometheus:
    """One that has scraped for a while."""

    url: str

    def ask(self, query: str) -> Sequence[tuple[Mapping[str, str], float]]:
        """Labels and newest value of each series that a query gives."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=30)
        content: Any = answer.json()
        assert content["status"] == "success", (query, content)
        return [(each["metric"], float(each["value"][1])) for each in content["data"]["result"]]


@contextmanager
def observed(settings: Settings, factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Two releases in production, the second in staging as well, asked by one client."""
    home = factory.mktemp("observed")
    ports = [free_port(), free_port()]
    processes = []
    done = threading.Event()
    load = threading.Thread(target=_load, args=(ports, done), daemon=True)
    try:
        for number, port in enumerate(ports, 1):
            own = home / f"r{number}"
            own.mkdir()
            processes.append(_bento(factory, own, port, f"r-{number}"))
        for port in ports:
            eventually(lambda port=port: _ready(port), seconds=120)
        processes.append(_prometheus(settings, home, ports))
        url = f"http://127.0.0.1:{(home / 'port').read_text()}"
        eventually(lambda: _answers(f"{url}/-/ready"), seconds=30)
        load.start()
        load.join(SECONDS)
        yield Prometheus(url)
    finally:
        done.set()
        if load.ident:
            load.join(30)
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _bento(
    factory: pytest.TempPathFactory, home: Path, port: int, release: str
) -> subprocess.Popen[bytes]:
    bench = shared_bench(factory)
    return started(
        bench, home, bench.bento("watched", write_watched_model),
        PORT=str(port), RELEASE_ID=release,
        SERVING_ENVIRONMENT="local", SERVING_LOG_FOLDER=str(home / "predictions"),
        SERVING_DRAIN_SECONDS="0",
    )  # fmt: skip


def _prometheus(settings: Settings, home: Path, ports: Sequence[int]) -> subprocess.Popen[bytes]:
    files = {Path(name).name: text for name, text in render(settings).items()}
    rules = re.sub(
        r"(\[|offset\s+)(\d+)d", lambda m: f"{m[1]}{int(m[2]) * DAY}s", files["rules.yaml"]
    )
    rules = re.sub(r"interval: \w+", "interval: 1s", rules)
    (home / "rules.yaml").write_text(rules)
    config = files["prometheus.yaml"].replace("scrape_interval: 15s", "scrape_interval: 250ms")
    (home / "prometheus.yaml").write_text(config)
    both = [f"127.0.0.1:{port}" for port in ports]
    (home / "targets.json").write_text(
        str(
            [
                {"targets": both, "labels": {"environment": "production"}},
                {"targets": both[1:], "labels": {"environment": "staging"}},
            ]
        ).replace("'", '"')
    )
    port = free_port()
    (home / "port").write_text(str(port))
    assert PROMETHEUS is not None
    with (home / "prometheus.log").open("wb") as log:
        return subprocess.Popen(
            [PROMETHEUS, "--config.file", "prometheus.yaml", "--storage.tsdb.path", "data",
             "--web.listen-address", f"127.0.0.1:{port}"],
            cwd=home, stdout=log, stderr=log,
        )  # fmt: skip


def _load(ports: Sequence[int], done: threading.Event) -> None:
    """One client that asks as fast as it can: good rows, bad ones, feedback."""
    with httpx.Client(timeout=30) as client:
        for number in count():
            if done.is_set():
                return
            url = f"http://127.0.0.1:{ports[number % 4 == 0]}"
            row = ROW | {"distance": 200.0 + 37 * (number % 40), "hour": number % 24}
            if number % 7 == 0:
                row |= {"wind": None, "carrier": "ZZ"}
            name = f"request-{number}"
            headers = {"X-Request-ID": name}
            client.post(f"{url}/predict", json={"instances": [row]}, headers=headers)
            if number % 9 == 0:
                client.post(f"{url}/predict", json={"instances": [row | {"hour": 99}]})
            item = {"request_id": name, "truth": number % 3 == 0}
            client.post(f"{url}/feedback", json={"feedback": [item]})


def _ready(port: int) -> bool:
    return _answers(f"http://127.0.0.1:{port}/readyz")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
