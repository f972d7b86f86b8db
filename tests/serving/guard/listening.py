"""A real uvicorn with the limits of the guard, in a thread of the test, and its clients."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import uvicorn
from starlette.types import ASGIApp

from serving.guard.limits.connections import Connections
from serving.guard.limits.limited_protocol import LimitedProtocol
from tests.delivery.running import eventually
from tests.serving.guard.test_guard import echo, guarded, shape, start
from tests.serving.telemetry.counted import value

HOST = b"Host: test\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
PATIENCE = 60.0  # s: how long a test waits for what has to come


def post(body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST / HTTP/1.1", b"Host: test", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass
class Listener:
    """A server at `port`, and the sockets that were opened to it."""

    port: int
    release: str
    connections: Connections
    sockets: list[socket.socket] = field(default_factory=list)

    def connect(self, first: bytes = b"") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self.sockets.append(connection)
        connection.sendall(first)
        return connection

    def ask(self, *parts: bytes) -> bytes:
        """All that comes until the server closes the connection, or leaves it idle for long."""
        connection = self.connect()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                connection.sendall(part)
        return rest(connection)

    def closed(self, reason: str) -> float:
        return value("serving_closed_connections_total", reason=reason, release=self.release)


def rest(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            received += part
    return received


def statuses(answers: bytes) -> list[int]:
    """Of all the answers in a row."""
    lines = answers.split(b"HTTP/1.1 ")[1:]
    return [int(line[:3]) for line in lines]


@contextmanager
def listening(
    release: str,
    app: ASGIApp = echo,
    loop: Literal["asyncio", "uvloop"] = "uvloop",
    **limits: Any,
) -> Iterator[Listener]:
    """Serve `app` behind a guard. Counters are those of `release`."""
    started = start(limits=limits)
    connections = Connections(started.settings.limits, release)
    protocol = partial(
        LimitedProtocol, limits=started.settings.limits, connections=connections, shape=shape
    )
    bound = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        guarded(app, started),
        http=protocol,
        loop=loop,
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    listener = Listener(bound.getsockname()[1], release, connections)
    try:
        eventually(lambda: server.started, PATIENCE)
        yield listener
    finally:
        for connection in listener.sockets:
            connection.close()
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()
