"""The connections of a worker: how many there are, from where, and for how long.

A connection costs memory before anybody has shown a key on it. So all of them together, and those
from one address, are limited, and each of them is looked at in equal steps of time. Time is counted
in those steps: a worker that was busy for seconds takes one, and closes nobody for its own delay.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
from collections import Counter as Tally
from collections.abc import Container
from typing import Protocol

from prometheus_client import Counter

from serving.errors import Denied
from serving.guard.denials import too_many
from serving.settings.policy import Limits

STEPS = 10  # in the shortest limit of time
REASONS = ("crowd", "headers", "late", "malformed", "silent", "unread")

CLOSED = Counter(
    "serving_closed_connections_total",
    f"Connections that the service closed by itself: {', '.join(REASONS)}.",
    ["reason", "release"],
)


class Connection(Protocol):
    """One of them."""

    def step(self) -> None:
        """A step of time has passed."""


class Connections:
    """The open connections, by `limits`. A request has `request_steps` of time until it is
    complete, and an idle connection `idle_steps`."""

    def __init__(self, limits: Limits, release: str) -> None:
        self._limits = limits
        self._open: dict[Connection, str] = {}  # and where each comes from
        self._addresses: Tally[str] = Tally()
        self._seconds = min(limits.seconds, limits.idle_seconds) / STEPS
        self.request_steps = math.ceil(limits.seconds / self._seconds)
        self.idle_steps = math.ceil(limits.idle_seconds / self._seconds)
        self._closed = {reason: CLOSED.labels(reason, release) for reason in REASONS}
        self._steps = False

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection, address: str) -> Denied | None:
        """Take a connection in until it is removed; why it has to be closed, if so. It counts for
        its `address`, unless that is ""."""
        self._open[connection] = address
        self._addresses[address] += 1
        if not self._steps:
            self._steps = True
            self._wait(asyncio.get_running_loop())
        if len(self._open) > self._limits.connections:
            return too_many("")
        if address and self._addresses[address] > self._limits.connections_per_address:
            return too_many(" from this address")
        return None

    def remove(self, connection: Connection) -> None:
        """Forget a connection, if it is there."""
        address = self._open.pop(connection, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    def closed(self, reason: str) -> None:
        """Count a connection that the service closes, by one of REASONS."""
        self._closed[reason].inc()

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(self._seconds, self._step, loop)

    def _step(self, loop: asyncio.AbstractEventLoop) -> None:
        for connection in list(self._open):
            connection.step()
        self._steps = bool(self._open)
        if self._open:
            self._wait(loop)


def counted_address(client: tuple[str, int] | None, trusted: Container[str]) -> str:
    """Where a client is, or "" where many come from: a socket of this machine, a proxy on it, or
    one that is trusted to say for whom it speaks."""
    if client is None:
        return ""
    host = client[0].removeprefix("::ffff:")
    return "" if host in trusted or ipaddress.ip_address(host).is_loopback else host
