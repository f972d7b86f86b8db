"""A bento is ready when it says so, and one that cannot be asked is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from delivery.bento.readiness import is_ready, local_client
from tests.delivery.running import free_port


class Answers(BaseHTTPRequestHandler):
    """Answers with the server's status, after its pause; remembers who asked for what."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.client_address))
        time.sleep(self.server.pause)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as made:
        made.status, made.pause, made.asked = 200, 0.0, []
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        made.shutdown()


def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


@pytest.mark.parametrize(("status", "ready"), [(200, True), (204, False), (503, False)])
def test_only_200_of_readyz_is_ready(server: ThreadingHTTPServer, status: int, ready: bool) -> None:
    server.status = status
    with local_client() as client:
        assert is_ready(client, url(server)) is ready
    assert [path for path, _ in server.asked] == ["/readyz"]


def test_who_does_not_answer_is_not_ready(server: ThreadingHTTPServer) -> None:
    with local_client() as client:
        assert not is_ready(client, f"http://127.0.0.1:{free_port()}")
        server.pause = 0.3
        assert not is_ready(client, url(server), timeout=0.05)


def test_each_question_is_a_connection_of_its_own_and_no_proxy_is_asked(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a kept connection a process that was replaced would answer on."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    with local_client() as client:
        assert [is_ready(client, url(server)) for _ in range(3)] == [True] * 3
    assert len({address for _, address in server.asked}) == 3
