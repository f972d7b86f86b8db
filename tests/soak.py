"""Does the memory of a service stay flat? `make soak` (10 minutes) or `python -m tests.soak`.

A built bento with keys, metrics, prediction log and feedback on gets good and bad requests from
this machine for some minutes, over 127.0.0.1. The resident memory of its worker is read every
second; the slope of a straight line through the later three quarters is what is reported. Caches
and files that fill up, and an allocator that settles, belong to the first quarter.

No Locust here: some requests are broken off while they are sent, and the worker is watched.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import psutil

from serving.settings.service import ServingSettings
from tests.delivery.bentos import Bench
from tests.delivery.running import eventually, free_port
from tests.serving.guard.callers.test_auth import entry
from tests.serving.guard.test_guard import LATER
from tests.serving.test_served import ready, started
from tests.serving.tiny import tiny_frame, tiny_instances

THREADS = 3
LIMIT = 0.5  # MB a minute
SETTINGS = {
    "auth": "keys",
    "limits": {"body_bytes": 2_000_000, "requests_per_second": 100_000},
    "log": {"file_bytes": 20_000_000, "files": 2},
}
ROWS = tiny_instances(tiny_frame(2_000, seed=3))
NUMBERS = itertools.count()
Ask = Callable[[httpx.Client], httpx.Response]


def _post(body: object, path: str = "/predict", **headers: str) -> Ask:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda client: client.post(path, content=content, headers=headers)


def _rows(count: int) -> Ask:
    return lambda client: client.post("/predict", json={"instances": random.sample(ROWS, count)})


def _strange(client: httpx.Client) -> httpx.Response:
    """New names of fields, categories, ids, clients and paths each time."""
    number = next(NUMBERS)
    row = ROWS[0] | {f"field-{number}": number, "carrier": f"carrier-{number}"}
    headers = {"X-Request-ID": f"id-{number}", "X-Forwarded-For": f"10.{number % 65536}.0.1"}
    client.get(f"/path-{number}")
    return client.post("/predict", json={"instances": [row]}, headers=headers)


def _feedback(client: httpx.Client) -> httpx.Response:
    truth = {"request_id": f"id-{next(NUMBERS)}", "truth": True}
    return client.post("/feedback", json={"feedback": [truth]})


def _without_end(client: httpx.Client) -> httpx.Response:
    chunks: Iterator[bytes] = itertools.repeat(b" " * 50_000)
    return client.post("/predict", content=chunks)


GOOD = [_rows(1)] * 12 + [_rows(20)] * 2 + [_rows(1000), _strange, _feedback]
BAD = [
    _post(b"{"),
    _post(b"[" * 100_000),
    _post(b'{"instances": [{"x": ' + b"[" * 900 + b"]" * 900 + b"}]}"),
    _post(b'{"instances": [' + b"{}," * 300_000 + b"{}]}"),
    _post(b'{"instances": "' + b"x" * 1_500_000 + b'"}'),
    _post(b"\xff" * 1_000),
    _post({"instances": [ROWS[0] | {"hour": 99}] * 500}),
    _post({"instances": [ROWS[0]] * 6_000}),
    _post({"instances": [ROWS[0]]}, Authorization="Bearer wrong"),
    _post({"instances": [ROWS[0]]}, **{"Content-Type": "text/plain"}),
    _post(b" " * 3_000_000),
    _without_end,
]


def load(port: int, until: float, statuses: Counter[str], seed: int) -> None:
    """Ask until the time is over, three good requests for each bad one."""
    choose = random.Random(seed)
    headers = {"Authorization": "Bearer key"}
    while time.monotonic() < until:
        # A client that is refused in the middle of a body needs a new connection.
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            for _ in range(50):
                ask = choose.choice(BAD if choose.random() < 0.25 else GOOD)
                try:
                    statuses[str(ask(client).status_code)] += 1
                except httpx.TransportError:
                    statuses["closed while sending"] += 1


def resident(arbiter: psutil.Process) -> float:
    """MB of the workers."""
    total = 0
    for process in arbiter.children(recursive=True):
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total / 1e6


def measure(port: int, arbiter: psutil.Process, minutes: float) -> tuple[float, float, float]:
    """Under load: MB at the start, MB at the end, and MB a minute in the later three quarters."""
    begun = time.monotonic()
    until = begun + minutes * 60
    statuses: Counter[str] = Counter()
    threads = [
        threading.Thread(target=load, args=(port, until, statuses, seed)) for seed in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    points = []
    while time.monotonic() < until:
        points.append(((time.monotonic() - begun) / 60, resident(arbiter)))
        if len(points) % 30 == 0:
            print(f"{points[-1][0]:5.1f} min  {points[-1][1]:7.1f} MB", flush=True)
        time.sleep(1)
    for thread in threads:
        thread.join()
    print("answers:", dict(sorted(statuses.items())))
    faults = sum(count for status, count in statuses.items() if status.startswith("5"))
    assert not faults, f"{faults} errors of the service"
    later = np.array([point for point in points if point[0] > minutes / 4])
    return points[0][1], points[-1][1], float(np.polyfit(later[:, 0], later[:, 1], 1)[0])


def main() -> None:
    """Serve, load, report; exit 1 if memory grows by more than LIMIT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        port = free_port()
        process = started(
            Bench(Path(folder) / "bench"),
            home,
            PORT=str(port),
            SERVING_API_KEYS=json.dumps(
                [entry("key", scopes=["predict", "feedback"], expires=LATER)]
            ),
            SERVING_LOG_FOLDER=str(home / "predictions"),
            **ServingSettings.model_validate(SETTINGS).to_environment(),
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
                eventually(lambda: ready(client, process, home / "log"), seconds=90)
            first, last, slope = measure(port, psutil.Process(process.pid), minutes)
        finally:
            process.terminate()
            process.wait(timeout=60)
    print(f"{first:.1f} MB → {last:.1f} MB in {minutes:g} min; slope {slope:+.2f} MB/min")
    if slope > LIMIT:
        raise SystemExit(f"memory grows by more than {LIMIT} MB a minute")


if __name__ == "__main__":
    main()
