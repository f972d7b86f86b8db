"""A service in a thread: the HTTP interface of a bento without its start-up time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[list[dict[str, Any]]], tuple[int, Any]]


@contextmanager
def standin(answer: Answer, release: Any = None, ids: list[str] | None = None) -> Iterator[str]:
    """Serve POST /predict by `answer(instances) → status, body` and GET /release. `ids` collects
    those of the requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if ids is not None:
                ids.append(self.headers.get("X-Request-ID", ""))
            self._send(*answer(body["instances"]))

        def do_GET(self) -> None:
            self._send(200, release)

        def _send(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def halves(instances: list[dict[str, Any]]) -> tuple[int, Any]:
    """Every row scores 0.5."""
    return 200, {"predictions": [0.5] * len(instances), "release": "r-000000000001"}
