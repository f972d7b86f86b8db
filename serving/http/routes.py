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
from itertools import chain

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.contract import OWN
from serving.errors import Refusal, ScoreError
from serving.guard.whole_reply import offered
from serving.http.shutdown import Shutdown
from serving.predict.predictor import Predictor, Scored
from serving.protocols.protocol import (
    JSON,
    VERSION,
    ExplainRoute,
    InfoRoute,
    Message,
    PredictRoute,
    Reply,
    WireProtocol,
)
from serving.telemetry.metrics import Meter
from serving.telemetry.request_context import current

logger = logging.getLogger("serving")
Handler = Callable[[Scope, Receive], Awaitable[Reply]]
Names = Mapping[str, str]
RawHeaders = list[tuple[bytes, bytes]]
NO_NAMES: Names = {}
GATES = "gates"  # the route that requests of gates are counted as


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route. What `handler` answers is sent and measured as `path`, or as that of a gate's
    request, which breaks no promise to a client; what it refuses has the shape of the protocol."""

    path: str
    handler: Handler
    protocol: WireProtocol
    meter: Meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        self.meter.begin()
        try:
            reply = await self.handler(scope, receive)
        except Exception as fault:  # a bug is answered as well, and is not known before
            reply = self._failed(fault)
        finally:  # also if its time is over, or its client gone
            self.meter.end()
        route = GATES if current().id.startswith(OWN) else self.path
        self.meter.answered(route, reply.status, time.perf_counter() - start)
        whole = offered(scope)
        if whole is None or reply.headers or not whole(reply.status, _line(reply.kind), reply.body):
            await send_reply(reply, send)

    def _failed(self, fault: Exception) -> Reply:
        if isinstance(fault, Refusal):
            self.meter.rejected(fault.problems)
            return self.protocol.error(fault.status, str(fault), fault.problems)
        if isinstance(fault, ClientDisconnect):
            return self.protocol.error(400, "the client went away", ())
        if isinstance(fault, ScoreError):
            logger.error("%s", fault)
            return self.protocol.error(500, str(fault), ())
        # The log has the trace, the client learns nothing of the inside.
        logger.error("unexpected %s", type(fault).__name__, exc_info=fault)
        return self.protocol.error(500, "internal error", ())


@dataclass(frozen=True, slots=True)
class Routes:
    """Where requests are taken and answers handed out. `predictor` is asked at each request:
    a worker loads its model after the routes are made. `note` is told of what was scored; how
    much a client may send is serving.guard.guard's business."""

    predictor: Callable[[], Predictor]
    meter: Meter
    note: Callable[[Scored], None]
    shutdown: Shutdown

    def of(self, protocols: Sequence[WireProtocol]) -> list[Route]:
        """The routes of all `protocols`; of two with the same path and method the first."""
        unique: dict[tuple[str, str], Route] = {}
        for method, route in chain.from_iterable(map(self._routes, protocols)):
            unique.setdefault((method, route.path), route)
        return list(unique.values())

    def _routes(self, protocol: WireProtocol) -> Iterator[tuple[str, Route]]:
        handlers = [
            *(("POST", route.path, self._predict(route)) for route in protocol.predicts),
            *(("POST", route.path, self._explain(route)) for route in protocol.explains),
            *(("GET", route.path, self._info(route)) for route in protocol.infos),
        ]
        for method, path, handler in handlers:
            endpoint = Endpoint(path, handler, protocol, self.meter)
            yield method, Route(path, endpoint, methods=[method])

    def _predict(self, route: PredictRoute) -> Handler:
        async def handler(scope: Scope, receive: Receive) -> Reply:
            """Inline: a row takes microseconds, a thread would cost more."""
            predictor = self.predictor()
            names: Names = scope.get("path_params", NO_NAMES)
            if names:
                _check_names(names, predictor)
            kind = _kind(scope["headers"], route.kinds)
            body = await _body(receive)
            query = None
            if route.rows_key is not None:
                query = predictor.decode(body, route.rows_key, route.rows_echo)
            if query is None:
                message = Message(body, kind, Headers(scope=scope), names)
                query = route.decode(message, predictor.contract)
            scored = await predictor.answer(query) if predictor.joins else predictor(query)
            scored.body = body
            self.meter.scored(scored.batch.rows, scored.ignored)
            self.note(scored)
            return route.encode(scored, query, predictor)

        return handler

    def _explain(self, route: ExplainRoute) -> Handler:
        async def handler(scope: Scope, receive: Receive) -> Reply:
            """Neither watched nor logged: it is mostly asked about rows that were scored before."""
            predictor = self.predictor()
            kind = _kind(scope["headers"], JSON)
            message = Message(await _body(receive), kind, Headers(scope=scope), NO_NAMES)
            explanations = await predictor.explain(route.decode(message, predictor.contract))
            self.meter.explained(explanations.rows, explanations.ignored)
            return route.encode(explanations, predictor)

        return handler

    def _info(self, route: InfoRoute) -> Handler:
        async def handler(scope: Scope, _: Receive) -> Reply:
            if route.readiness and self.shutdown.begun:
                raise Refusal(503, "the service is about to end")
            predictor = self.predictor()
            _check_names(scope.get("path_params", NO_NAMES), predictor)
            return route.answer(predictor)

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
def _line(kind: str) -> bytes:
    return b"%b: %b\r\n" % _content_type(kind)


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


def _kind(headers: RawHeaders, allowed: frozenset[str] | None) -> str:
    """The media type of a request, "" where it names none; Refusal 415."""
    named = dict(reversed(headers))  # of a header that comes twice the first counts
    coding = named.get(b"content-encoding", b"identity")
    if coding != b"identity" and coding.lower() != b"identity":
        raise Refusal(415, f"Content-Encoding is {_text(coding).lower()[:60]!r}, expected none")
    declared = named.get(b"content-type")
    if declared is None:
        return ""
    kind = _media_type(declared)
    if allowed is not None and kind not in allowed:
        expected = " or ".join(sorted(allowed))
        raise Refusal(415, f"Content-Type is {kind[:60]!r}, expected {expected}")
    return kind


@lru_cache(64)
def _media_type(declared: bytes) -> str:
    kind = _text(declared).partition(";")[0].strip().lower()
    return "application/json" if kind.endswith("+json") else kind


def _text(header: bytes) -> str:
    return header.decode("latin-1")


def _check_names(names: Names, predictor: Predictor) -> None:
    """Refusal 404 for another model or version than the one that is served."""
    name = predictor.contract.name
    if (model := names.get("model", name)) != name:
        raise Refusal(404, f"no model is called {model[:80]!r}; here is {name!r}")
    version = names.get("version", VERSION)
    if version not in (VERSION, predictor.release):
        raise Refusal(404, f"no version {version[:80]!r}; here is {predictor.release!r}")
