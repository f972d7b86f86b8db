"""HTTP as uvicorn speaks it, with the limits that count before there is a request.

uvicorn limits neither the size of headers nor the time until they have come, and its parser keeps
what it has of them. A short request that comes whole, as nearly all do, costs a few comparisons
here: no clock, no timer, no second pass over its headers. What a connection waits for is read from
uvicorn's own state, because each callback that is overridden costs a request half a microsecond.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.errors import Denied
from serving.guard.denials import headers_late, headers_too_large, malformed
from serving.guard.guard import Shape
from serving.guard.limits.connections import Connections, counted_address
from serving.guard.limits.last_answer import last_answer
from serving.guard.whole_reply import offer
from serving.settings.policy import Limits

# What a connection waits for: a request, the rest of its headers or of its body, the end of its
# answer, or that the client takes what was sent.
State = Literal["idle", "headers", "body", "answer", "closing"]


class LimitedProtocol(HttpToolsProtocol):
    """One connection. A refusal has the `shape` of path, status and message."""

    # uvicorn's 28 attributes fill a dictionary that CPython keeps fast up to 30 of them.
    __slots__ = (
        "_age",
        "_connections",
        "_kept",
        "_limits",
        "_partial",
        "_piece",
        "_refused",
        "_seen",
        "_shape",
        "_unsent",
    )

    def __init__(
        self, *, limits: Limits, connections: Connections, shape: Shape, **server: Any
    ) -> None:
        super().__init__(**server)
        self.timeout_keep_alive = limits.idle_seconds  # type: ignore[assignment]  # of any length
        self.access_log = False  # ours is in serving.telemetry.logs
        self._limits = limits
        self._connections = connections
        self._shape = shape
        self._piece = 0  # bytes of what came last
        self._partial: object = None  # the scope of a request whose head comes in pieces
        self._kept = 0  # bytes, at least, that the parser keeps of a head or of trailers
        self._seen: tuple[State, object] | None = None  # in the last step
        self._age = 0  # steps for which that has not changed
        self._unsent = 0  # bytes, when they were last looked at
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        trusted = getattr(self.app, "trusted_hosts", ())
        denied = self._connections.add(self, counted_address(self.client, trusted))
        if denied is not None:
            self._refuse("crowd", denied)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._connections.remove(self)  # from now on another protocol's, which the guard closes
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._piece = len(data)
        super().data_received(data)
        cycle = self.cycle
        if cycle is None or cycle.more_body or cycle.scope is not self.scope:
            self._measure()

    def on_headers_complete(self) -> None:
        limits = self._limits
        if len(self.headers) > limits.headers or (
            (self._piece > limits.header_bytes or self._partial is self.scope)
            and self._head_size() > limits.header_bytes
        ):
            self._refuse_headers()
            raise ValueError("too large")  # so that the parser reads no further
        self._kept = 0
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:
            self.scope["extensions"] = offer(self.cycle)  # type: ignore[typeddict-item]  # ours

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - it is always the same
        self._refuse("malformed", malformed())

    def step(self) -> None:
        """A step of time has passed: close what has waited for too long. How long an answer may
        take, and the body that it waits for, is the guard's business."""
        state = self._state()
        if self._seen is None or self._seen[0] != state or self._seen[1] is not self.scope:
            self._seen, self._age = (state, self.scope), 0
        self._age += 1
        late = self._age > self._connections.request_steps
        if state == "closing":
            self._end_if_unread(late)
        elif state == "headers" and late:
            self._refuse("late", headers_late(self._limits.seconds))
        elif state == "body" and late and self.cycle.response_complete:
            self._close("late")
        elif state == "idle" and self._age > self._connections.idle_steps:
            self._close("silent")

    def _state(self) -> State:
        cycle = self.cycle
        if self.transport.is_closing():
            return "closing"
        if self.scope is not (cycle and cycle.scope):
            return "headers"
        if cycle is None:
            return "idle"
        if cycle.more_body:
            return "body"
        return "idle" if cycle.response_complete else "answer"

    def _measure(self) -> None:
        """After a piece that did not complete a request: how much of its head, or of what stands
        between and after parts of its body, the parser may keep."""
        state, cycle = self._state(), self.cycle
        if state == "headers":
            unchanged = self._partial is self.scope
            self._partial = self.scope
        elif state == "body":
            unchanged = not (cycle.message_event.is_set() or cycle.response_complete)
        else:
            return
        self._kept = self._kept + self._piece if unchanged else 0
        if self._kept > self._limits.header_bytes:
            self._refuse_headers()

    def _end_if_unread(self, late: bool) -> None:
        """Closing waits until the client has taken what was sent. It may be slow, not dead."""
        unsent = self.transport.get_write_buffer_size()
        if unsent < self._unsent:
            self._age = 0
        elif late:
            self._connections.closed("unread")
            self.transport.abort()
        self._unsent = unsent

    def _refuse_headers(self) -> None:
        limits = self._limits
        self._refuse("headers", headers_too_large(limits.header_bytes, limits.headers))

    def _refuse(self, reason: str, denied: Denied) -> None:
        """Answer that, and close. Whole requests before this one are answered first; a request
        that has its answer, or a part of it, gets no second one."""
        if self._refused:
            return
        state = self._state()
        if state == "body":
            if not (self.pipeline or self.cycle.response_started):
                self.transport.write(self._encode(denied))
        elif self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            self._refused = True
            self._connections.closed(reason)
            return
        else:
            self.transport.write(self._encode(denied))
        self._close(reason)

    def _close(self, reason: str) -> None:
        self._refused = True
        self._connections.closed(reason)
        self.transport.close()

    def _encode(self, denied: Denied) -> bytes:
        path = self.url.partition(b"?")[0].decode("ascii", "replace") if self.scope else ""
        reply = self._shape(path, denied.status, str(denied))
        return last_answer(reply, self.server_state.default_headers)

    def _head_size(self) -> int:
        """Bytes of the address and of the headers, each with what stands around its value."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
