"""Runs in a container beside a candidate, in its network: `python3 -I -c <this> PORT`.

Answers the router at PORT with 200 while its watcher is heard, a line of input a second, and with
503 otherwise. It ends with its input.
"""

from __future__ import annotations

import http.server
import os
import sys
import threading
import time

SILENCE = 3.0  # s


class Heard:
    until = 0.0


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if time.monotonic() < Heard.until else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Its log is nobody's."""


def main() -> None:
    server = http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Answer)  # nosec B104
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    while os.read(0, 4096):
        Heard.until = time.monotonic() + SILENCE


if __name__ == "__main__":
    main()
