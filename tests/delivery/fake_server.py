"""Looks from outside like `python -m bentoml serve BENTO …`: a leader and a worker with a session
of its own. Standard library only, and up in a tenth of a second.

behaviour.json in the bento: `error` ends the leader with that line on stderr; `error_once` does
so at the first start; `crash` lets every worker die; `stubborn` ignores SIGTERM.
Routes: /readyz, /release, /env, /headers as they came, and /hold, which answers once the file
`let-go` is in HOME and says so by the file `held`. Every POST answers with the release: with status
500 while the file `failing` is in HOME, after as many seconds as the file `slow` says.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BEHAVIOUR = json.loads((Path(sys.argv[4]) / "behaviour.json").read_text())
HOME = Path(os.environ["HOME"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/hold":
            (HOME / "held").touch()
            while not (HOME / "let-go").exists():
                time.sleep(0.01)
        body = {"release": os.environ["RELEASE_ID"], "pid": os.getpid()}
        if self.path == "/env":
            body = dict(os.environ)
        if self.path == "/headers":
            body = dict(self.headers)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        slow = HOME / "slow"
        time.sleep(float(slow.read_text()) if slow.exists() else 0)
        self.send_response(500 if (HOME / "failing").exists() else 200)
        self.end_headers()
        self.wfile.write(os.environ["RELEASE_ID"].encode())

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # closing it waits for the requests that run


def end(number: int, frame: object) -> None:
    raise SystemExit


def work(server: Server) -> None:
    os.setsid()
    if BEHAVIOUR.get("crash"):
        time.sleep(0.2)
        os.write(2, b"ValueError: no model\n")
        os._exit(1)
    try:
        server.serve_forever(poll_interval=0.02)
    except SystemExit:
        server.server_close()


def lead() -> None:
    tried = HOME / "tried"
    if BEHAVIOUR.get("error") or (BEHAVIOUR.get("error_once") and not tried.exists()):
        tried.touch()
        sys.exit(BEHAVIOUR.get("error") or BEHAVIOUR["error_once"])
    server = Server(("127.0.0.1", 0), Handler)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if BEHAVIOUR.get("stubborn") else end)
    worker = 0
    try:
        while True:
            worker = os.fork()
            if worker == 0:
                work(server)
                os._exit(0)
            os.waitpid(worker, 0)
            time.sleep(0.1)
    except SystemExit:
        os.kill(worker, signal.SIGTERM)
        os.waitpid(worker, 0)


lead()
