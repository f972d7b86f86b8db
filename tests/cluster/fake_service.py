"""Stands in for a service in a pod: up in a tenth of a second, and ends as a bento does.

It answers RELEASE_ID and the name of its pod; r-fa02… fails 2% of its predictions. A request
{"keep": N} costs it N bytes for ever. After SIGTERM it is not ready, answers for
SERVING_DRAIN_SECONDS more, and then takes no new connection. Standard library only.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENDING = threading.Event()
KEPT: list[bytes] = []
ADDRESS = os.environ.get("POD_ADDRESS", "")  # of a pod that is a process
RELEASE = os.environ.get("RELEASE_ID", "")
FAILS = int(RELEASE[4:6]) / 100 if RELEASE.startswith("r-fa") else 0.0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._say(503 if self.path == "/readyz" and ENDING.is_set() else 200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        KEPT.append(b"x" * json.loads(body).get("keep", 0))
        self._say(500 if random.random() < FAILS else 200)

    def _say(self, status: int) -> None:
        body = json.dumps({"release": RELEASE, "pod": socket.gethostname() + ADDRESS}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Service(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def main() -> None:
    if RELEASE.startswith("r-bad"):
        raise SystemExit("ValueError: no model")
    service = Service((ADDRESS, 3000), Handler)

    def end(*_: object) -> None:
        ENDING.set()
        threading.Timer(float(os.environ["SERVING_DRAIN_SECONDS"]), service.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    service.serve_forever(poll_interval=0.05)
    service.server_close()


if __name__ == "__main__":
    main()
