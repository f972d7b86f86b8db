"""An answer in one write is the answer that uvicorn sends in two."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from serving.guard.whole_reply import NEEDS, offer, offered
from tests.serving.guard.listening import listening, rest

BODY = b'{"a":1}'


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """At once where the path and the server allow it."""
    message = await receive()
    assert message["type"] == "http.request"
    whole = offered(scope)
    at_once = whole is not None and scope["path"] == "/whole"
    if at_once and whole(200, b"content-type: application/json\r\n", BODY):
        return
    headers = [(b"content-length", b"7"), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def lines(received: bytes) -> list[bytes]:
    """Without the id, and the time that may have passed; the order of headers says nothing."""
    kept = [
        line for line in received.split(b"\r\n") if not line.startswith((b"x-request-id", b"date"))
    ]
    return sorted(kept)


def get(path: bytes, *headers: bytes, version: bytes = b"1.1") -> bytes:
    head = [b"GET " + path + b" HTTP/" + version, b"Host: test", *headers]
    return b"\r\n".join(head) + b"\r\n\r\n"


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_both_ways_give_the_same_answer(method: bytes) -> None:
    with listening("whole", answer, idle_seconds=0.3) as server:
        whole, usual = (
            server.ask(get(path).replace(b"GET", method)) for path in (b"/whole", b"/usual")
        )
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"x-request-id: " in whole
    assert lines(whole) == lines(usual)


def test_a_connection_goes_on_after_it() -> None:
    """Pipelined requests too."""
    with listening("whole-on", answer, idle_seconds=0.3) as server:
        received = server.ask(get(b"/whole") * 3 + get(b"/usual") + get(b"/whole"))
    assert received.count(b"HTTP/1.1 200 OK") == received.count(BODY) == 5


@pytest.mark.parametrize(("header", "version"), [(b"Connection: close", b"1.1"), (b"A: b", b"1.0")])
def test_a_connection_that_ends_is_left_to_uvicorn(header: bytes, version: bytes) -> None:
    with listening("whole-end", answer) as server:
        received = server.ask(get(b"/whole", header, version=version))
    assert b"connection: close" in received
    assert received.endswith(BODY)


def test_a_client_that_has_gone_harms_nobody() -> None:
    with listening("whole-gone", answer, idle_seconds=0.3) as server:
        connection = server.connect(get(b"/whole"))
        connection.shutdown(socket.SHUT_WR)
        rest(connection)
        assert server.ask(get(b"/whole")).endswith(BODY)


def test_it_is_not_offered_where_uvicorn_is_another() -> None:
    class Cycle:
        def __init__(self, names: frozenset[str]) -> None:
            for name in names:
                setattr(self, name, None)

    assert offer(Cycle(NEEDS))
    for name in NEEDS:
        assert offer(Cycle(NEEDS - {name})) == {}


@pytest.mark.parametrize("scope", [{}, {"extensions": {}}, {"extensions": {"other": 1}}])
def test_a_server_may_offer_nothing(scope: dict[str, Any]) -> None:
    assert offered(scope) is None
