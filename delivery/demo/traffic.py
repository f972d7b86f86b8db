"""Steady requests against an environment, to count what is lost while releases switch.

    python -m delivery.demo.traffic URL --examples FILE --until-file STOP --json OUT

Clients keep their connections, as real ones do, and never retry: a request that raises or is not
answered with 200 counts as lost. OUT is rewritten about twice a second and once at the end:

    requests, failures, releases {id: answers}, max_gap_s (longest time without an answer),
    seconds, first_failure

No Locust here: what counts is which release answered and the longest time without any answer,
which Locust does not keep, and tests run it in their own process, which Locust cannot share.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from delivery.files import write_whole

HEADERS = {"Content-Type": "application/json"}


@dataclass
class Tally:
    """What the clients saw, shared by their threads."""

    started: float = field(default_factory=time.monotonic)
    requests: int = 0
    failures: int = 0
    releases: Counter[str] = field(default_factory=Counter)
    max_gap: float = 0.0
    first_failure: str = ""
    _last: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, release: str) -> None:
        now = time.monotonic()
        with self._lock:
            self.requests += 1
            self.releases[release] += 1
            self.max_gap = max(self.max_gap, now - self._last)
            self._last = now

    def lost(self, why: str) -> None:
        with self._lock:
            self.requests += 1
            self.failures += 1
            self.first_failure = self.first_failure or why

    def to_json(self) -> dict[str, Any]:
        with self._lock:
            now = time.monotonic()
            return {
                "requests": self.requests,
                "failures": self.failures,
                "releases": dict(sorted(self.releases.items())),
                "max_gap_s": round(max(self.max_gap, now - self._last), 3),
                "seconds": round(now - self.started, 1),
                "first_failure": self.first_failure,
            }


class Client(threading.Thread):
    """One client with one connection, asking every `pause` seconds until `stop` is set. A request
    without an answer for `timeout` seconds is lost."""

    def __init__(
        self, url: str, bodies: Sequence[bytes], pause: float, tally: Tally, timeout: float = 10.0
    ) -> None:
        super().__init__(daemon=True)
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            address.hostname or "127.0.0.1", address.port or 80, timeout=timeout
        )
        self._bodies = itertools.cycle(bodies)
        self._pause = pause
        self._tally = tally
        self.stop = threading.Event()

    def run(self) -> None:
        due = time.monotonic()
        while not self.stop.is_set():
            self._ask(next(self._bodies))
            due = max(due + self._pause, time.monotonic())
            self.stop.wait(due - time.monotonic())
        self._connection.close()

    def _ask(self, body: bytes) -> None:
        try:
            self._connection.request("POST", "/predict", body, HEADERS)
            answer = self._connection.getresponse()
            content = answer.read()
            if answer.status == 200:
                self._tally.answered(str(json.loads(content)["release"]))
            else:
                self._tally.lost(f"status {answer.status}: {content[:200]!r}")
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            self._connection.close()  # the next request opens a new one
            self._tally.lost(repr(error))


@dataclass(frozen=True)
class Plan:
    """`rate` requests a second in all, from `clients`, for at most `seconds`."""

    url: str
    rate: float
    clients: int
    seconds: float


def run(plan: Plan, bodies: Sequence[bytes], until: Path, out: Path) -> Tally:
    """Send until the file `until` exists or the time is over; keeps `out` up to date."""
    tally = Tally()
    clients = [
        Client(plan.url, bodies, plan.clients / plan.rate, tally) for _ in range(plan.clients)
    ]
    for client in clients:
        client.start()
    waiter = threading.Event()
    next_note = 0.0
    while not until.exists() and time.monotonic() - tally.started < plan.seconds:
        if time.monotonic() >= next_note:
            write_whole(out, json.dumps(tally.to_json()) + "\n")
            next_note = time.monotonic() + 0.5
        waiter.wait(0.05)
    for client in clients:
        client.stop.set()
    for client in clients:
        client.join(timeout=15)
    write_whole(out, json.dumps(tally.to_json(), indent=1) + "\n")
    return tally


def main(arguments: Sequence[str]) -> int:
    """Parse the command line and run. 0 even if requests were lost: the file says so."""
    parser = argparse.ArgumentParser(prog="python -m delivery.demo.traffic", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--until-file", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--max-seconds", type=float, default=1800.0)
    options = parser.parse_args(arguments)
    bodies = [
        json.dumps({"instances": [json.loads(line)["instance"]]}).encode()
        for line in options.examples.read_text(encoding="utf-8").splitlines()
    ]
    if not bodies:
        parser.error(f"{options.examples} holds no example")
    plan = Plan(options.url, options.rate, options.clients, options.max_seconds)
    run(plan, bodies, options.until_file, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
