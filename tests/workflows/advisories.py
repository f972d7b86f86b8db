"""A source of advisories, as OSV's interface is; the real one is not to be had without internet."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADVISORY = {
    "id": "GHSA-0000-0000-0001",
    "summary": "Made up.",
    "details": "Made up.",
    "aliases": [],
    "published": "2026-01-01T00:00:00Z",
    "modified": "2026-01-01T00:00:00Z",
}


@dataclass
class Advisories:
    """At `url`; packages named in `vulnerable` have an advisory."""

    url: str = ""
    vulnerable: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)

    def about(self, name: str, version: str) -> dict[str, object]:
        self.asked.add(name)
        if name not in self.vulnerable:
            return {}
        package = {"name": name, "ecosystem": "PyPI"}
        affected = {"package": package, "versions": [version], "ranges": []}
        return {"vulns": [{**ADVISORY, "affected": [affected]}]}


@contextmanager
def advisories() -> Iterator[Advisories]:
    found = Advisories()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer: two would wait 40 ms for each other, 284 times

        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = found.about(query["package"]["name"], query["version"])
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1/query"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
