"""Clients of an environment: as many users as you like, over a few connections, on loopback."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CONNECTIONS = 6
LONGEST = 600.0  # s: it ends by itself
HEADER = "X-User"
OK = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a user who asked `at` (seconds since 1970) met: the release, or why none answered."""

    at: float
    user: int
    status: int
    release: str


@dataclass
class Load:
    """`per_second` requests to 127.0.0.1:`port` by `users` of equal weight. `acts` says how often a
    user whom a release answered does what is hoped for, which is told as feedback. `rows`: each
    asks for the score of a row."""

    port: int
    users: int
    per_second: float
    acts: Callable[[str], float] | None = None
    rows: bool = False
    answers: list[Answer] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[Load]:
        threads = [threading.Thread(target=self._send, args=(n,)) for n in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _send(self, number: int) -> None:
        chance, connection = random.Random(number), self._connection()
        begun, sent = time.monotonic(), 0
        while not self._ended.is_set() and time.monotonic() - begun < LONGEST:
            user, at = chance.randrange(self.users), time.time()
            try:
                asked = {"instances": [{"x": chance.random()}]} if self.rows else {}
                connection.request("POST", "/predict", json.dumps(asked), {HEADER: f"user-{user}"})
                answer = connection.getresponse()
                status, body = answer.status, answer.read().decode()
                body = json.loads(body)["release"] if body.startswith("{") else body
                if self.acts and status == OK:
                    truth = int(chance.random() < self.acts(body))
                    self._tell(connection, answer.getheader("X-Request-Id", ""), truth)
            except (OSError, http.client.HTTPException) as error:
                status, body = 0, repr(error)
                connection = self._connection()
            self.answers.append(Answer(at, user, status, body))
            sent += 1
            due = begun + sent * CONNECTIONS / self.per_second
            self._ended.wait(max(0.0, due - time.monotonic()))

    def _tell(self, connection: http.client.HTTPConnection, request: str, truth: int) -> None:
        item = {"request_id": request, "truth": truth}
        connection.request("POST", "/feedback", json.dumps({"feedback": [item]}))
        connection.getresponse().read()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
