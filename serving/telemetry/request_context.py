"""What is known about the request that is being answered, for whoever counts or writes it down."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

_SANE_ID = re.compile(rb"[A-Za-z0-9._:@/+=-]{1,128}")
# https://www.w3.org/TR/trace-context/#traceparent-header, version 00
_TRACE = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(slots=True)
class RequestContext:
    """One request. `client` is a credential's name or an address; `trace` and `span` are those
    of the caller's W3C traceparent, in hex, and `sampled` what it says about keeping them."""

    id: str
    client: str
    trace: str = ""
    span: str = ""
    sampled: bool = True


CONTEXT: ContextVar[RequestContext] = ContextVar("request")
NO_REQUEST = RequestContext("", "")


def _random_ids() -> Iterator[str]:
    """96 random bits each; asking the system for many at once is cheaper."""
    while True:
        bits = os.urandom(12 * 256).hex()
        yield from (bits[start : start + 24] for start in range(0, len(bits), 24))


_IDS = _random_ids()


def current() -> RequestContext:
    """The request that this code runs for."""
    return CONTEXT.get(NO_REQUEST)


def make_context(headers: dict[bytes, bytes], peer: str) -> RequestContext:
    """The request with these headers. An id of the caller is kept if it is short and plain:
    it is written into logs and sent back."""
    given = headers.get(b"x-request-id")
    if given is not None and _SANE_ID.fullmatch(given):
        identity = given.decode("ascii")
    else:
        identity = next(_IDS)
    context = RequestContext(identity, peer)
    if (parent := headers.get(b"traceparent")) and (match := _TRACE.fullmatch(parent)):
        context.trace, context.span = match[1].decode("ascii"), match[2].decode("ascii")
        context.sampled = bool(int(match[3], 16) & 1)
    return context
