"""From a protocol's table to routes: read, decode, score, encode; measured, and with every
refusal in the protocol's own shape."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from serving.metrics import Meter
from serving.predict import Predictor, Refusal
from serving.protocols.dialect import VERSION, Ask, Dialect, Message, Reply, Tell
from serving.runtime import ScoreError

logger = logging.getLogger("serving")
Handler = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Routes:
    """Where requests are taken and answers handed out. `predictor` is asked at each request:
    a worker loads its model after the routes are made."""

    predictor: Callable[[], Predictor]
    meter: Meter
    max_bytes: int

    def of(self, dialects: Sequence[Dialect]) -> list[Route]:
        """The routes of all `dialects`; of two with the same path and method the first."""
        found = (route for dialect in dialects for route in self._routes(dialect))
        unique: dict[tuple[str, str], Route] = {}
        for method, route in found:
            unique.setdefault((method, route.path), route)
        return list(unique.values())

    def _routes(self, dialect: Dialect) -> Iterator[tuple[str, Route]]:
        for ask in dialect.asks:
            endpoint = self._measured(ask.path, self._asked(ask), dialect)
            yield "POST", Route(ask.path, endpoint, methods=["POST"])
        for tell in dialect.tells:
            endpoint = self._measured(tell.path, self._told(tell), dialect)
            yield "GET", Route(tell.path, endpoint, methods=["GET"])

    def _asked(self, ask: Ask) -> Handler:
        async def handler(request: Request) -> Reply:
            """Inline: a row takes microseconds, a thread would cost more."""
            predictor = self.predictor()
            if request.path_params:
                _check_names(request, predictor)
            kind = _kind(request, ask.kinds)
            body = await self._body(request)
            message = Message(body, kind, request.headers, request.path_params)
            query = ask.decode(message, predictor.contract)
            scored = predictor(query)
            self.meter.scored(scored.batch.rows, scored.ignored)
            return ask.encode(scored, query, predictor)

        return handler

    def _told(self, tell: Tell) -> Handler:
        async def handler(request: Request) -> Reply:
            predictor = self.predictor()
            _check_names(request, predictor)
            return tell.answer(predictor)

        return handler

    def _measured(
        self, path: str, handler: Handler, dialect: Dialect
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            start = time.perf_counter()
            try:
                reply = await handler(request)
            except Refusal as refusal:
                reply = dialect.error(refusal.status, str(refusal), refusal.problems)
            except ScoreError as fault:
                logger.error("%s", fault)
                reply = dialect.error(500, str(fault), ())
            except ClientDisconnect:
                reply = dialect.error(400, "the client went away", ())
            self.meter.answered(path, reply.status, time.perf_counter() - start)
            return respond(reply)

        return endpoint

    async def _body(self, request: Request) -> bytes:
        """The body of a request; Refusal 413."""
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length[:20]) > self.max_bytes:
            raise self._too_large()
        chunks = bytearray()
        async for chunk in request.stream():
            chunks += chunk
            if len(chunks) > self.max_bytes:
                raise self._too_large()
        return bytes(chunks)

    def _too_large(self) -> Refusal:
        return Refusal(413, f"the body is larger than {self.max_bytes:,} bytes; send fewer rows")


def respond(reply: Reply) -> Response:
    return Response(reply.body, reply.status, reply.headers, reply.kind)


def _kind(request: Request, allowed: frozenset[str] | None) -> str:
    """The media type of a request, "" where it names none; Refusal 415."""
    headers = request.headers
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


def _check_names(request: Request, predictor: Predictor) -> None:
    """Refusal 404 for another model or version than the one that is served."""
    name = predictor.contract.name
    if (model := request.path_params.get("model", name)) != name:
        raise Refusal(404, f"no model is called {model[:80]!r}; here is {name!r}")
    version = request.path_params.get("version", VERSION)
    if version not in (VERSION, predictor.release):
        raise Refusal(404, f"no version {version[:80]!r}; here is {predictor.release!r}")
