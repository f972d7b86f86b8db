"""Looks from outside like `python -m bentoml serve BENTO …`: a leader and a worker with a session
of its own. Standard library only, and up in a tenth of a second.

behaviour.json in the bento: `error` ends the leader with that line on stderr; `error_once` does
so at the first start; `crash` lets every worker die; `stubborn` ignores SIGTERM.
Routes: /readyz, /release, /env, /headers as they came, and /hold, which answers once the file
`let-go` is in HOME and says so by the file `held`. Every POST answers with the release, after
`seconds`, and with status 500 for a share `fails` of them, in bursts of `burst` on average; and for
as long as there is a file `away`. A POST with instances {"x": 0 to 1} is answered and written down
as the service does: the score is x and `shift`, a share `refuses` of the rows is refused. `notes`
names a file that gets a line for each POST: release and path.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BEHAVIOUR = json.loads((Path(sys.argv[4]) / "behaviour.json").read_text())
HOME = Path(os.environ["HOME"])


class Failures:
    """Whether the next POST fails: a chain that stays as it is for a while."""

    failing = False

    def next(self) -> bool:
        share, burst = BEHAVIOUR.get("fails", 0), BEHAVIOUR.get("burst", 1)
        begins = share / burst / max(1e-9, 1 - share)
        self.failing = random.random() < (1 - 1 / burst if self.failing else begins)
        return self.failing or Path(BEHAVIOUR.get("away", "/nowhere")).exists()


FAILURES = Failures()


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
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/feedback":
            note(content)
        time.sleep(BEHAVIOUR.get("seconds", 0))
        self._note()
        request = self.headers.get("X-Request-Id") or os.urandom(12).hex()
        status, body = 500 if FAILURES.next() else 200, os.environ["RELEASE_ID"].encode()
        if status == 200 and b'"instances"' in content:
            status, body = self._predict(content, request)
        self.send_response(status)
        self.send_header("X-Request-Id", request)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _note(self) -> None:
        if file := BEHAVIOUR.get("notes"):
            with Path(file).open("a") as notes:
                notes.write(f"{os.environ['RELEASE_ID']} {self.path}\n")

    def _predict(self, asked: bytes, request: str) -> tuple[int, bytes]:
        """The score of a row is its `x` and the `shift` of this release."""
        rows = [row["x"] for row in json.loads(asked)["instances"]]
        if any(int(x * 1e6) % 1000 < 1000 * BEHAVIOUR.get("refuses", 0) for x in rows):
            return 422, b'{"error": {"message": "x is too odd"}}'
        release = os.environ["RELEASE_ID"]
        scores = [min(1.0, max(0.0, x + BEHAVIOUR.get("shift", 0))) for x in rows]
        line = {
            "release": release,
            "request_id": request,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "digest": hashlib.blake2b(asked, digest_size=16).hexdigest(),
            "features": {"x": rows},
            "score": scores,
        }
        if folder := os.environ.get("SERVING_LOG_FOLDER"):
            with (Path(folder) / f"predictions-{os.getpid()}.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
        return 200, json.dumps({"release": release, "predictions": scores}).encode()

    def log_message(self, *_: object) -> None:
        pass


def note(content: bytes) -> None:
    """Feedback, in one write."""
    now, release = datetime.now(UTC).isoformat(), os.environ["RELEASE_ID"]
    lines = "".join(
        json.dumps({"request_id": item["request_id"], "time": now, "release": release,
                    "truth": item["truth"]}) + "\n"
        for item in json.loads(content).get("feedback", ())
    )  # fmt: skip
    with (Path(os.environ["SERVING_LOG_FOLDER"]) / "feedback.jsonl").open("a") as file:
        file.write(lines)


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # a busy machine takes connections late
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
