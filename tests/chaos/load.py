"""Clients that ask all the time, as long as a block."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from delivery.demo.traffic import Client, Tally
from tests.delivery.running import eventually

RATE = 50.0  # requests a second in all
# s: what each client waits for an answer. They differ, so that not all of them wait at the moment
# when something answers again.
TIMEOUTS = (3.0, 3.4, 3.9, 4.5)
MORE = 20  # answers: whoever waits for them has seen every client get one
PATIENCE = 60.0  # s


class Load(AbstractContextManager["Load"]):
    """Real requests to `url`. `tally` has what came of them."""

    def __init__(self, url: str, bodies: Sequence[bytes]) -> None:
        self.tally = Tally()
        pause = len(TIMEOUTS) / RATE
        self._clients = [Client(url, bodies, pause, self.tally, wait) for wait in TIMEOUTS]

    def __enter__(self) -> Load:
        for client in self._clients:
            client.start()
        self.await_answers()
        return self

    def await_answers(self) -> None:
        """Until clients have got some from now on; AssertionError if they get none."""
        before = self._answers
        eventually(lambda: self._answers > before + MORE, seconds=PATIENCE)

    @property
    def _answers(self) -> int:
        return self.tally.requests - self.tally.failures

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.stop.set()
        for client in self._clients:
            client.join(timeout=15)
