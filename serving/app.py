"""The HTTP routes of the service, as a Starlette application that BentoML mounts.

POST /predict    rows → predictions          GET /            Swagger page
GET  /release    what answers here           GET /docs.json   OpenAPI document
GET  /metrics    Prometheus
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Awaitable, Callable
from functools import cached_property
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from serving.contract import ContractError
from serving.metrics import CONTENT_TYPE, Meter, exposition
from serving.openapi import openapi
from serving.predict import MAX_BYTES, Predictor, Refusal, error_body
from serving.runtime import ScoreError, load_model
from serving.settings import Start

logger = logging.getLogger("serving")
Handler = Callable[[Request], Awaitable[Response]]
PAGE = Path(__file__).parent / "swagger.html"


class Service:
    """The application over the model in `folder`. Call `start` once in each worker."""

    def __init__(self, folder: Path, start: Start, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._release = start.release
        self._max_bytes = max_bytes
        self._meter = Meter(self._release)
        self._predictor: Predictor | None = None
        self.app = Starlette(
            routes=[
                self._route("/predict", self.predict, "POST"),
                self._route("/release", self.release, "GET"),
                self._route("/docs.json", self.docs, "GET"),
                Route("/metrics", metrics),
                Route("/", page),
            ],
            exception_handlers={HTTPException: http_error, Exception: server_error},
        )

    def check(self) -> None:
        """SystemExit with one line if the model cannot be served."""
        try:
            self.load()
        except ContractError as error:
            raise SystemExit(f"error: {error}") from None

    def load(self) -> None:
        """Load the model; ContractError if it cannot be served."""
        self._predictor = Predictor(load_model(self._folder), self._release, self._meter)

    def start(self) -> None:
        """Load the model in a worker and get ready for requests."""
        self.load()
        # Hundreds of thousands of objects of the imports never die, and BentoML's timers live
        # for seconds: a full garbage collection that walks over them takes 100 to 200 ms, in
        # which no request is answered. So those are left out, and full collections are rare.
        gc.collect()
        gc.freeze()
        gc.set_threshold(700, 10, 1000)

    @property
    def predictor(self) -> Predictor:
        if self._predictor is None:
            raise HTTPException(503, "the model is not loaded yet")
        return self._predictor

    async def predict(self, request: Request) -> Response:
        """Score rows. Inline: a row takes microseconds, a thread would cost more."""
        body = await self._body(request)
        return Response(self.predictor(body), media_type="application/json")

    async def release(self, _: Request) -> Response:
        return Response(orjson.dumps(self.predictor.describe()), media_type="application/json")

    async def docs(self, _: Request) -> Response:
        return Response(self._document, media_type="application/json")

    @cached_property
    def _document(self) -> bytes:
        request, answer = self.predictor.example()
        return orjson.dumps(openapi(self.predictor.model.contract, self._release, request, answer))

    def _route(self, path: str, handler: Handler, method: str) -> Route:
        """A route that is measured and whose refusals become answers."""

        async def endpoint(request: Request) -> Response:
            start = time.perf_counter()
            try:
                response = await handler(request)
            except Refusal as refusal:
                response = error(refusal.status, error_body(str(refusal), refusal.problems))
            except ScoreError as fault:
                logger.error("%s", fault)
                response = error(500, error_body(str(fault)))
            except ClientDisconnect:
                response = error(400, error_body("the client went away"))
            self._meter.answered(path, response.status_code, time.perf_counter() - start)
            return response

        return Route(path, endpoint, methods=[method])

    async def _body(self, request: Request) -> bytes:
        """The body of a JSON request; Refusal 413 or 415."""
        headers = request.headers
        kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise Refusal(415, f"Content-Type is {kind[:60]!r}, expected application/json")
        if (coding := headers.get("content-encoding", "identity").lower()) != "identity":
            raise Refusal(415, f"Content-Encoding is {coding[:60]!r}, expected none")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length[:20]) > self._max_bytes:
            raise self._too_large()
        chunks = bytearray()
        async for chunk in request.stream():
            chunks += chunk
            if len(chunks) > self._max_bytes:
                raise self._too_large()
        return bytes(chunks)

    def _too_large(self) -> Refusal:
        return Refusal(413, f"the body is larger than {self._max_bytes:,} bytes; send fewer rows")


async def metrics(_: Request) -> Response:
    return Response(exposition(), headers={"Content-Type": CONTENT_TYPE})


async def page(_: Request) -> Response:
    """Swagger UI from the files inside BentoML. BentoML's own page reports to a tracker."""
    return HTMLResponse(PAGE.read_text(encoding="utf-8"))


def error(status: int, body: bytes) -> Response:
    return Response(body, status, media_type="application/json")


async def http_error(_: Request, fault: Exception) -> Response:
    """Starlette's own refusals (405) in the shape of ours."""
    assert isinstance(fault, HTTPException)
    response = error(fault.status_code, error_body(fault.detail))
    response.headers.update(fault.headers or {})
    return response


async def server_error(_: Request, fault: Exception) -> Response:
    """A bug: the log has the trace, the client learns nothing of the inside."""
    logger.error("unexpected %s", type(fault).__name__, exc_info=fault)
    return error(500, error_body("internal error"))
