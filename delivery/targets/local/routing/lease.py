"""Under which a candidate has traffic: it holds while somebody watches.

The router asks the watcher twice a second whether it still does. A watcher that was killed or
stopped does not answer, and one that hangs has not renewed for too long. In each case the router
leads the candidate's clients to the champion by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, cast

import httpx

from delivery.bento.readiness import local_client
from delivery.targets import protocol

ASK = 1.0  # s: as long as the router waits
LASTS = 30.0  # s: a look at main takes a second or two


class Term:
    """How long a lease holds, wherever it is answered for."""

    def __init__(self) -> None:
        self._until = 0.0
        self.renew()

    @property
    def holds(self) -> bool:
        return time.monotonic() < self._until

    def renew(self) -> None:
        """It holds for another 30 s."""
        self._until = time.monotonic() + LASTS

    def end(self) -> None:
        """It holds no more."""
        self._until = 0.0


class Lease(Term):
    """Renewed by its watcher, in whose process it is answered for at `port` of 127.0.0.1."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        super().__init__()
        self.port = server.server_port


class Answered(Protocol):
    """A lease that the router asks for itself, at `port` of the candidate's address."""

    @property
    def port(self) -> int: ...


def port_of(lease: protocol.Lease) -> int:
    """Where a lease of this kind of router is answered for."""
    return cast("Answered", lease).port


@contextmanager
def watched() -> Iterator[Lease]:
    """A lease that ends with the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    lease = Lease(server)
    server.RequestHandlerClass = _answering(lease)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.daemon = True
    thread.start()
    try:
        yield lease
    finally:
        lease.end()
        server.shutdown()
        server.server_close()
        thread.join()


def checked(port: int) -> Mapping[str, Any]:
    """The check by which Traefik leads to a candidate while the watcher at `port` answers, whatever
    the candidate itself does: its own failures have to be seen."""
    return {
        "path": "/lease",
        "port": port,
        "interval": "500ms",
        "unhealthyInterval": "500ms",
        "timeout": "1s",
    }


def is_held(port: int) -> bool:
    """Is there a lease at `port` that holds?"""
    return answers(f"127.0.0.1:{port}")


def answers(address: str) -> bool:
    """Is there a lease at an address such as 127.0.0.1:20000 that holds?"""
    with local_client() as client:
        try:
            return client.get(f"http://{address}/lease", timeout=ASK).is_success
        except httpx.TransportError:
            return False


def _answering(lease: Lease) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if lease.holds else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Its log is nobody's."""

    return Answer
