from __future__ import annotations

import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from delivery.evidence.service.tls import ANYTHING, taken
from delivery.targets.local.routing.certificate import certificate
from serving.settings.tls import Tls

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")


class Quiet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # handshakes that fail are what is tried


@contextmanager
def server(context: ssl.SSLContext | None) -> Iterator[str]:
    found = Server(("127.0.0.1", 0), Quiet)
    if context is not None:
        found.socket = context.wrap_socket(
            found.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://127.0.0.1:{found.server_port}"
    finally:
        found.shutdown()
        found.server_close()
        thread.join()


def context_of(folder: Path, ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder))
    context.set_ciphers(ciphers)
    return context


def test_what_our_services_are_started_with_speaks_nothing_old(tmp_path: Path) -> None:
    ciphers = Tls(*certificate(tmp_path)).options()["ciphers"]
    with server(context_of(tmp_path, ciphers)) as url:
        assert taken(url) == {"plain HTTP": False, "TLS 1.0": False, "TLS 1.1": False}


def test_a_server_that_still_speaks_what_is_old_is_found(tmp_path: Path) -> None:
    context = context_of(tmp_path, ANYTHING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    with server(context) as url:
        found = taken(url)
    if not ssl.HAS_TLSv1_1:
        pytest.skip("this OpenSSL cannot speak TLS 1.1")
    assert found == {"plain HTTP": False, "TLS 1.0": True, "TLS 1.1": True}


def test_plain_http_where_tls_is_promised_is_found() -> None:
    with server(None) as url:
        assert taken(url) == {"plain HTTP": True, "TLS 1.0": False, "TLS 1.1": False}


def test_an_address_that_promises_no_tls_is_not_asked() -> None:
    assert taken("http://127.0.0.1:9") is None
