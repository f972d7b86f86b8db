"""What every request of every protocol passes before it reaches a route.

As ASGI middleware, so that routes of BentoML itself are behind it too. In this order: an id, the
caller, how often they ask, how much they send, and how long it takes. Whoever is refused learns
why, and nothing about the inside.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import Denied
from serving.guard.callers.auth import make_doorman, open_paths
from serving.guard.denials import too_large, too_often
from serving.guard.limits.deadlines import Deadlines
from serving.guard.limits.rate import RateLimiter
from serving.guard.whole_reply import EXTENSION, WholeReply, offered
from serving.protocols.protocol import Reply
from serving.settings.service import Start
from serving.settings.workers import refuse_ignored
from serving.strict import DocumentError
from serving.telemetry.logs import log_request
from serving.telemetry.metrics import Meter
from serving.telemetry.request_context import CONTEXT, RequestContext, make_context
from serving.telemetry.traces import Tracer

LINGER = 1.0  # s: how long what is still sent of a refused body is read, and
SLACK = 1024 * 1024  # bytes: how much more than allowed

Shape = Callable[[str, int, str], Reply]
NOTHING: Mapping[tuple[str, str], ASGIApp] = {}


def require_guard(start: Start) -> None:
    """SystemExit with one line if the service could not be guarded as it has to be."""
    try:
        refuse_ignored(sys.argv)
        make_doorman(start)
        if start.host.tls is not None:
            start.host.tls.check()
    except DocumentError as error:
        raise SystemExit(f"error: {error}") from None


class Guard:
    """Middleware around `app` by the settings of `start`. `shape` makes a refusal of
    path, status and message, since protocols have errors of their own. `direct` are applications
    by method and path that are called instead of `app`.

    Raises:
        DocumentError: nobody would be let in, or everybody in a place that is not local.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        start: Start,
        shape: Shape,
        direct: Mapping[tuple[str, str], ASGIApp] = NOTHING,
    ) -> None:
        limits = start.settings.limits
        self._app = app
        self._direct = direct
        self._doorman = make_doorman(start)
        self._open = open_paths(start)
        self._max_bytes = limits.body_bytes
        self._seconds = limits.seconds
        self._deadlines = Deadlines(limits.seconds)
        self._rate = None
        if limits.requests_per_second is not None:
            self._rate = RateLimiter(limits.requests_per_second, limits.burst)
        self._logs = start.settings.log.requests
        collector = start.host.collector
        self._tracer = Tracer(collector, start.release) if collector else None
        self._shape = shape
        self._meter = Meter(start.release)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self._come_first(scope.get("app"))
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        began = time.perf_counter()
        headers = dict(scope["headers"])
        peer = scope["client"]
        context = make_context(headers, peer[0] if peer else "")
        CONTEXT.set(context)
        exchange = _Exchange(context.id, receive, send, self._max_bytes)
        denied = await self._serve(exchange, scope, headers, context)
        if denied is not None:
            reply = self._shape(scope["path"], denied.status, str(denied))
            await exchange.refuse(reply, denied.headers)
            self._meter.answered("refused", reply.status, time.perf_counter() - began)
        if self._logs:
            log_request(context, scope, exchange.status, time.perf_counter() - began)
        if self._tracer is not None:
            seconds = time.perf_counter() - began
            self._tracer.answered(context, scope["method"], scope["path"], exchange.status, seconds)

    def _come_first(self, outer: object) -> None:
        """Make this the outermost layer. BentoML puts its tracing and a timer with a task for
        each request around every middleware, and they cost more than a prediction; the limit
        of time is kept here, and the caller's trace is in serving.telemetry.request_context."""
        if isinstance(outer, Starlette):
            outer.middleware_stack = self

    async def _serve(
        self,
        exchange: _Exchange,
        scope: Scope,
        headers: dict[bytes, bytes],
        context: RequestContext,
    ) -> Denied | None:
        """Pass the request on; why it was not, or not to the end."""
        try:
            name = self._doorman and self._doorman.recognise(scope["path"], headers)
            if name:
                context.client = name
                self._limit_request(headers, name)
            else:
                await self._admit(scope["path"], headers, context)
            exchange.wrap(scope)
            self._deadlines.begin(exchange)
            app = self._direct.get((scope["method"], scope["path"]), self._app)
            await app(scope, exchange.receive, exchange.send)
        except Denied as denied:
            return denied
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not exchange.late or task is None or task.uncancel():
                raise
            if exchange.complete:
                return Denied(504, f"no answer within {self._seconds:g} s")
            message = f"the body did not arrive within {self._seconds:g} s"
            return Denied(408, message, {"Connection": "close"})
        finally:
            self._deadlines.end(exchange)
        return exchange.denied

    async def _admit(self, path: str, headers: dict[bytes, bytes], context: RequestContext) -> None:
        """Name a caller; Denied if they may not come, ask too often or announce too much."""
        if self._doorman is not None:
            try:
                name = await self._doorman.admit(path, headers)
            except Denied as denied:
                # Wrong credentials are counted by address: guessing is limited as well.
                if denied.status == 401:
                    self._limit(context.client)
                raise
            if name is None:
                return  # probes are never counted
            context.client = name
        elif path in self._open:
            return
        self._limit_request(headers, context.client)

    def _limit_request(self, headers: dict[bytes, bytes], client: str) -> None:
        """Denied if the client asks too often, or announces too much."""
        self._limit(client)
        length = headers.get(b"content-length")
        if length is not None and (
            not length.isdigit() or len(length) > 18 or int(length) > self._max_bytes
        ):
            raise too_large(self._max_bytes)

    def _limit(self, client: str) -> None:
        if self._rate is not None and (seconds := self._rate.wait(client)):
            raise too_often(seconds)


class _Exchange:
    """The two channels of a request: what is received is measured, what is sent gets the id."""

    __slots__ = (
        "_id",
        "_limit",
        "_receive",
        "_send",
        "_size",
        "_whole",
        "complete",
        "denied",
        "late",
        "status",
    )

    def __init__(self, identity: str, receive: Receive, send: Send, limit: int) -> None:
        self._id = (b"x-request-id", identity.encode("ascii"))
        self._receive = receive
        self._send = send
        self._limit = limit
        self._size = 0
        self._whole: WholeReply | None = None
        self.complete = False
        self.denied: Denied | None = None
        self.late = False
        self.status = 0  # of the answer that has begun

    async def receive(self) -> Message:
        if self.denied is not None:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
            if self._size > self._limit:
                # For the application the client has gone; the answer is ours.
                self.denied = too_large(self._limit)
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        if self.denied is not None:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), self._id]
        await self._send(message)

    def wrap(self, scope: Scope) -> None:
        """Put this in front of what the server offers for whole answers."""
        self._whole = offered(scope)
        if self._whole is not None:
            scope["extensions"] = {EXTENSION: self._reply}

    def _reply(self, status: int, headers: bytes, body: bytes) -> bool:
        if self.denied is not None:
            return True  # as `send`, which sends nothing
        assert self._whole is not None
        if self.status or not self._whole(
            status, b"%bx-request-id: %b\r\n" % (headers, self._id[1]), body
        ):
            return False
        self.status = status
        return True

    async def refuse(self, reply: Reply, headers: Mapping[str, str]) -> None:
        """Answer with a refusal, unless an answer has begun already."""
        if self.status:
            return
        self.status = reply.status
        named = {"content-type": reply.kind, "content-length": str(len(reply.body))}
        named |= {**headers, **(reply.headers or {})}
        encoded = [(name.lower().encode(), text.encode()) for name, text in named.items()]
        start = {"type": "http.response.start", "status": reply.status}
        await self._send(start | {"headers": [*encoded, self._id]})
        lingers = reply.status == 413
        await self._send({"type": "http.response.body", "body": reply.body, "more_body": lingers})
        if lingers:
            await self._linger()
            await self._send({"type": "http.response.body"})

    async def _linger(self) -> None:
        """Read on before the connection is closed: who still sends into one that is closed loses
        the answer. Bounded in time and bytes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while not self.complete and self._size <= self._limit + SLACK:
                    message = await self._receive()
                    self._size += len(message.get("body", b""))
                    self.complete = not message.get("more_body", False)
