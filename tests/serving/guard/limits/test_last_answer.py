"""An answer without a request is HTTP that clients read."""

from __future__ import annotations

import http.client
import socket

from serving.guard.limits.last_answer import last_answer
from serving.protocols.protocol import reply


def test_it_is_read_by_a_client() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(last_answer(reply({"why": "é"}, 431), [(b"date", b"today")]))
        answer = http.client.HTTPResponse(ours)
        answer.begin()
        assert (answer.status, answer.reason) == (431, "Request Header Fields Too Large")
        assert answer.read() == '{"why":"é"}'.encode()
        assert (answer.headers["Date"], answer.headers["Connection"]) == ("today", "close")
        assert answer.headers["Content-Type"] == "application/json"
