"""From a protocol's table to routes: read, decode, score, encode; measured, and with every
refusal in the protocol's own shape.

A route is an ASGI application and works on what uvicorn gives it: Starlette's request, response
and routing cost as much as a prediction. So it can be called with and without a router before it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.shutdown import Drain
from serving.predict.answer import Predictor, Refusal, Scored
from serving.predict.loaded_model import ScoreError
from serving.protocols.dialect import (
    JSON,
    VERSION,
    Ask,
    Dialect,
    Explain,
    Message,
    Reply,
    Tell,
)
from serving.telemetry.metrics import Meter

logger = logging.getLogger("serving")
Handler = Callable[[Scope, Receive], Awaitable[Reply]]
Names = Mapping[str, str]
NO_NAMES: Names = {}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route. What `handler` answers is sent and measured as `path`; what it refuses has the
    shape of the dialect."""

    path: str
    handler: Handler
    dialect: Dialect
    meter: Meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        try:
            reply = await self.handler(scope, receive)
        except Exception as fault:  # a bug is answered as well, and is not known before
            reply = self._failed(fault)
        self.meter.answered(self.path, reply.status, time.perf_counter() - start)
        await send_reply(reply, send)

    def _failed(self, fault: Exception) -> Reply:
        if isinstance(fault, Refusal):
            self.meter.rejected(fault.problems)
            return self.dialect.error(fault.status, str(fault), fault.problems)
        if isinstance(fault, ClientDisconnect):
            return self.dialect.error(400, "the client went away", ())
        if isinstance(fault, HTTPException):
            return self.dialect.error(fault.status_code, fault.detail, ())
        if isinstance(fault, ScoreError):
            logger.error("%s", fault)
            return self.dialect.error(500, str(fault), ())
        # The log has the trace, the client learns nothing of the inside.
        logger.error("unexpected %s", type(fault).__name__, exc_info=fault)
        return self.dialect.error(500, "internal error", ())


@dataclass(frozen=True, slots=True)
class Routes:
    """Where requests are taken and answers handed out. `predictor` is asked at each request:
    a worker loads its model after the routes are made. `note` is told of what was scored; how
    much a client may send is serving.guard.guard's business."""

    predictor: Callable[[], Predictor]
    meter: Meter
    note: Callable[[Scored], None]
    drain: Drain

    def of(self, dialects: Sequence[Dialect]) -> list[Route]:
        """The routes of all `dialects`; of two with the same path and method the first."""
        found = (route for dialect in dialects for route in self._routes(dialect))
        unique: dict[tuple[str, str], Route] = {}
        for method, route in found:
            unique.setdefault((method, route.path), route)
        return list(unique.values())

    def _routes(self, dialect: Dialect) -> Iterator[tuple[str, Route]]:
        for ask in dialect.asks:
            endpoint = Endpoint(ask.path, self._asked(ask), dialect, self.meter)
            yield "POST", Route(ask.path, endpoint, methods=["POST"])
        for explain in dialect.explains:
            endpoint = Endpoint(explain.path, self._explained(explain), dialect, self.meter)
            yield "POST", Route(explain.path, endpoint, methods=["POST"])
        for tell in dialect.tells:
            endpoint = Endpoint(tell.path, self._told(tell), dialect, self.meter)
            yield "GET", Route(tell.path, endpoint, methods=["GET"])

    def _asked(self, ask: Ask) -> Handler:
        async def handler(scope: Scope, receive: Receive) -> Reply:
            """Inline: a row takes microseconds, a thread would cost more."""
            predictor = self.predictor()
            names: Names = scope.get("path_params", NO_NAMES)
            if names:
                _check_names(names, predictor)
            headers = Headers(scope=scope)
            kind = _kind(headers, ask.kinds)
            message = Message(await _body(receive), kind, headers, names)
            query = ask.decode(message, predictor.contract)
            scored = await predictor.answer(query)
            self.meter.scored(scored.batch.rows, scored.ignored)
            self.note(scored)
            return ask.encode(scored, query, predictor)

        return handler

    def _explained(self, explain: Explain) -> Handler:
        async def handler(scope: Scope, receive: Receive) -> Reply:
            """Neither watched nor logged: it is mostly asked about rows that were scored before."""
            predictor = self.predictor()
            headers = Headers(scope=scope)
            message = Message(await _body(receive), _kind(headers, JSON), headers, NO_NAMES)
            found = await predictor.explain(explain.decode(message, predictor.contract))
            self.meter.explained(found.rows, found.ignored)
            return explain.encode(found, predictor)

        return handler

    def _told(self, tell: Tell) -> Handler:
        async def handler(scope: Scope, _: Receive) -> Reply:
            if tell.readiness and self.drain.draining:
                raise HTTPException(503, "the service is about to end")
            predictor = self.predictor()
            _check_names(scope.get("path_params", NO_NAMES), predictor)
            return tell.answer(predictor)

        return handler


def direct(routes: Sequence[Route]) -> dict[tuple[str, str], ASGIApp]:
    """The endpoints whose path is fixed, by method and path: these need no router."""
    return {
        (method, route.path): route.endpoint
        for route in routes
        for method in ("GET", "POST")
        if method in (route.methods or ()) and "{" not in route.path
    }


async def send_reply(reply: Reply, send: Send) -> None:
    """What starlette.responses.Response sends."""
    headers = [(b"content-length", b"%d" % len(reply.body)), _content_type(reply.kind)]
    if reply.headers:
        headers += [(name.lower().encode(), text.encode()) for name, text in reply.headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def respond(reply: Reply) -> Response:
    return Response(reply.body, reply.status, reply.headers, reply.kind)


@lru_cache(64)
def _content_type(kind: str) -> tuple[bytes, bytes]:
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    return b"content-type", (kind + charset).encode()


async def _body(receive: Receive) -> bytes:
    """The body of a request; ClientDisconnect if it does not come to its end."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            return b"".join([*parts, body]) if parts else body
        parts.append(body)


def _kind(headers: Headers, allowed: frozenset[str] | None) -> str:
    """The media type of a request, "" where it names none; Refusal 415."""
    coding = headers.get("content-encoding", "identity").lower()
    if coding != "identity":
        raise Refusal(415, f"Content-Encoding is {coding[:60]!r}, expected none")
    declared = headers.get("content-type")
    if declared is None:
        return ""
    kind = declared.partition(";")[0].strip().lower()
    if kind.endswith("+json"):
        kind = "application/json"
    if allowed is not None and kind not in allowed:
        expected = " or ".join(sorted(allowed))
        raise Refusal(415, f"Content-Type is {kind[:60]!r}, expected {expected}")
    return kind


def _check_names(names: Names, predictor: Predictor) -> None:
    """Refusal 404 for another model or version than the one that is served."""
    name = predictor.contract.name
    if (model := names.get("model", name)) != name:
        raise Refusal(404, f"no model is called {model[:80]!r}; here is {name!r}")
    version = names.get("version", VERSION)
    if version not in (VERSION, predictor.release):
        raise Refusal(404, f"no version {version[:80]!r}; here is {predictor.release!r}")
