"""What one simulated client does. `load.py` beside it runs it in a process of its own."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, constant_throughput, events, task

INSTANCES = [
    json.loads(line)["instance"]
    for line in Path(os.environ["LOAD_EXAMPLES"]).read_text(encoding="utf-8").splitlines()
]
USERS = int(os.environ["LOAD_USERS"])
RATE = float(os.environ["LOAD_RATE"])
SECONDS = float(os.environ["LOAD_SECONDS"])
WARM_UP = float(os.environ["LOAD_WARM_UP"])
HEADERS = {"X-Request-ID": os.environ["LOAD_REQUEST_ID"]}
FIRST_ERROR = Path(os.environ["LOAD_FIRST_ERROR"])  # Locust's JSON counts errors without a text
NEXT = itertools.cycle(INSTANCES)


class Client(FastHttpUser):
    """Sends one example after another at its share of the rate, on one connection."""

    wait_time = constant_throughput(RATE / USERS)
    connection_timeout = 10.0
    network_timeout = 10.0

    @task
    def predict(self) -> None:
        body = {"instances": [next(NEXT)]}
        with self.client.post(
            "/predict", json=body, headers=HEADERS, catch_response=True
        ) as response:
            if not response.status_code:
                response.failure(f"no answer: {response.error!r}")
            elif response.status_code != 200:
                response.failure(f"status {response.status_code}: {(response.text or '')[:200]}")
            elif len((response.json() or {}).get("predictions", ())) != 1:
                response.failure("the answer holds no prediction")


@events.test_start.add_listener  # type: ignore[untyped-decorator] # Locust's own
def drop_warm_up(environment: Any, **_: Any) -> None:
    """The first requests open connections and fill caches; they are not what is measured."""
    gevent.spawn_later(WARM_UP, environment.runner.stats.reset_all)
    gevent.spawn_later(WARM_UP + SECONDS, environment.runner.quit)


@events.request.add_listener  # type: ignore[untyped-decorator] # Locust's own
def keep_first_error(exception: Exception | None, **_: Any) -> None:
    if exception is not None and not FIRST_ERROR.exists():
        FIRST_ERROR.write_text(str(exception), encoding="utf-8")
