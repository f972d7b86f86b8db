"""An answer that is written at once.

ASGI sends an answer as two messages, and uvicorn looks at each header of the first. The answers of
this service are whole when they are sent, and their headers are made here: to write one takes a
tenth of that time. The protocol offers it in the scope of a request. Where it is not offered, or
refuses, an answer goes the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

EXTENSION = "serving.whole_reply"
# Takes a status, header lines without that of the length, and a body; False where it cannot.
WholeReply = Callable[[int, bytes, bytes], bool]
# What is asked of uvicorn's cycle of a request and its answer: another version may have other
# names.
NEEDS = frozenset(
    {
        "chunked_encoding",
        "default_headers",
        "disconnected",
        "expected_content_length",
        "flow",
        "keep_alive",
        "message_event",
        "on_response",
        "response_complete",
        "response_started",
        "scope",
        "transport",
        "waiting_for_100_continue",
    }
)


def offer(cycle: Any) -> dict[str, WholeReply]:
    """The extensions of a request's scope, by its cycle."""
    return {EXTENSION: partial(_write, cycle)} if vars(cycle).keys() >= NEEDS else {}


def offered(scope: Mapping[str, Any]) -> WholeReply | None:
    """What the server of a request offers."""
    extensions = scope.get("extensions")
    return None if extensions is None else extensions.get(EXTENSION)


def _write(cycle: Any, status: int, headers: bytes, body: bytes) -> bool:
    """What uvicorn's `send` does with both messages, for a connection that stays open."""
    if (
        cycle.response_started
        or cycle.disconnected
        or not cycle.keep_alive
        or cycle.flow.write_paused
        or cycle.scope["method"] == "HEAD"
    ):
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = cycle.chunked_encoding = False
    cycle.expected_content_length = 0
    head = _head(status, *cycle.default_headers)
    cycle.transport.write(b"%b%bcontent-length: %d\r\n\r\n%b" % (head, headers, len(body), body))
    cycle.message_event.set()
    cycle.on_response()
    return True


@lru_cache(64)
def _head(status: int, *defaults: tuple[bytes, bytes]) -> bytes:
    """The first line of an answer, and the headers that all answers have for a second."""
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())]
    lines += [name + b": " + value for name, value in defaults]
    return b"\r\n".join([*lines, b""])
