"""What a service looks like from outside, for tests that need many: up in a tenth of a second.

/readyz, /release with the count of POSTs, /env; /hold?SECONDS answers late; POST answers with the
release; /die ends the process. A release called r-broken does not start.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RELEASE = os.environ.get("RELEASE_ID", "r-none")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    asked = 0

    def do_GET(self) -> None:
        path, _, value = self.path.partition("?")
        if path == "/die":
            os._exit(1)
        if path == "/hold":
            time.sleep(float(value))
        told = dict(os.environ) if path == "/env" else {"release": RELEASE, "asked": Handler.asked}
        self._answer(json.dumps(told).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Handler.asked += 1
        self._answer(RELEASE.encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False  # closing it waits for the requests that run


def end(*_: object) -> None:
    raise SystemExit


if RELEASE == "r-broken":
    sys.exit("ValueError: no model")
signal.signal(signal.SIGTERM, end)
server = Server(("0.0.0.0", 3000), Handler)
try:
    server.serve_forever(poll_interval=0.02)
finally:
    server.server_close()
