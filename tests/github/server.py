"""HTTP around the tests' GitHub."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.github.wire import Answer, Request

Respond = Callable[[Request], Answer]


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self) -> None:
        """Without the look-up of the host's full name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class Server:
    """Listens from the start, so that `url` is known, and answers between start and stop."""

    def __init__(self, respond: Respond) -> None:
        handler = type("BoundHandler", (_Handler,), {"respond": staticmethod(respond)})
        self._http = _Http(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # the head and the body of an answer in one packet
    respond: Respond

    def serve(self) -> None:
        request = Request(self.command, self.path, self.headers, self._content())  # type: ignore[arg-type]
        answer = self.respond(request)
        if answer.status == 0:
            self.close_connection = True
            return
        body, kind = answer.body, "application/json; charset=utf-8"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if answer.status in (204, 302, 304):
            content = b""
        self.send_response(answer.status)
        for name, value in ({"Content-Type": kind} | answer.headers).items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815, names of http.server

    def _content(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *_: object) -> None:
        pass
