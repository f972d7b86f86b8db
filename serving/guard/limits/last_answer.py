"""An answer to a client for whom there is no request yet: no application is asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from serving.protocols.protocol import Reply


def last_answer(reply: Reply, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """`reply` as HTTP/1.1, with `headers`; the connection is closed after it."""
    lines = [
        b"HTTP/1.1 %d %s" % (reply.status, HTTPStatus(reply.status).phrase.encode()),
        *(name + b": " + value for name, value in headers),
        b"content-type: " + reply.kind.encode(),
        b"content-length: %d" % len(reply.body),
        b"connection: close",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + reply.body
