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
from serving.predict import Predictor, Refusal, Scored
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
from serving.runtime import ScoreError

logger = logging.getLogger("serving")
Handler = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Routes:
    """Where requests are taken and answers handed out. `predictor` is asked at each request:
    a worker loads its model after the routes are made. `note` is told of what was scored; how
    much a client may send is serving.guard's business."""

    predictor: Callable[[], Predictor]
    meter: Meter
    note: Callable[[Scored], None]

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
        for explain in dialect.explains:
            endpoint = self._measured(explain.path, self._explained(explain), dialect)
            yield "POST", Route(explain.path, endpoint, methods=["POST"])
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
            message = Message(await request.body(), kind, request.headers, request.path_params)
            query = ask.decode(message, predictor.contract)
            scored = await predictor.answer(query)
            self.meter.scored(scored.batch.rows, scored.ignored)
            self.note(scored)
            return ask.encode(scored, query, predictor)

        return handler

    def _explained(self, explain: Explain) -> Handler:
        async def handler(request: Request) -> Reply:
            """Neither watched nor logged: it is mostly asked about rows that were scored before."""
            predictor = self.predictor()
            kind = _kind(request, JSON)
            message = Message(await request.body(), kind, request.headers, request.path_params)
            found = await predictor.explain(explain.decode(message, predictor.contract))
            self.meter.explained(found.rows, found.ignored)
            return explain.encode(found, predictor)

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
                self.meter.rejected(refusal.problems)
                reply = dialect.error(refusal.status, str(refusal), refusal.problems)
            except ScoreError as fault:
                logger.error("%s", fault)
                reply = dialect.error(500, str(fault), ())
            except ClientDisconnect:
                reply = dialect.error(400, "the client went away", ())
            self.meter.answered(path, reply.status, time.perf_counter() - start)
            return respond(reply)

        return endpoint


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
