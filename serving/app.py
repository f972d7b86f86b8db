"""The HTTP routes of the service, as a Starlette application that BentoML mounts.

POST /predict    rows → predictions          GET /            Swagger page
GET  /release    what answers here           GET /docs.json   OpenAPI document
GET  /metrics    Prometheus                  and those of serving.protocols
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from serving.contract import ContractError
from serving.metrics import CONTENT_TYPE, Meter, exposition
from serving.openapi import Brief, openapi
from serving.predict import MAX_BYTES, Predictor
from serving.protocols import native, spoken
from serving.protocols.dialect import JSON, Dialect
from serving.routes import Routes, respond
from serving.runtime import load_model
from serving.settings import Start

logger = logging.getLogger("serving")
PAGE = Path(__file__).parent / "swagger.html"


class Service:
    """The application over the model in `folder`. Call `start` once in each worker."""

    def __init__(self, folder: Path, start: Start, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._release = start.release
        self._predictor: Predictor | None = None
        self._dialects = spoken(start)
        routes = Routes(lambda: self.predictor, Meter(start.release), max_bytes)
        self.app = Starlette(
            routes=[
                *routes.of(self._dialects),
                Route("/docs.json", self.docs),
                Route("/metrics", metrics),
                Route("/", self.page),
            ],
            exception_handlers={HTTPException: self.http_error, Exception: self.server_error},
        )

    def check(self) -> None:
        """SystemExit with one line if the model cannot be served."""
        try:
            self.load()
        except ContractError as error:
            raise SystemExit(f"error: {error}") from None

    def load(self) -> None:
        """Load the model; ContractError if it cannot be served."""
        self._predictor = Predictor(load_model(self._folder), self._release)

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

    async def page(self, request: Request) -> Response:
        """Swagger UI from the files inside BentoML. BentoML's own page reports to a tracker."""
        for dialect in self._dialects:
            if dialect.root and "text/html" not in request.headers.get("accept", ""):
                return respond(dialect.root)
        return HTMLResponse(PAGE.read_text(encoding="utf-8"))

    async def docs(self, _: Request) -> Response:
        return Response(self._document, media_type="application/json")

    @cached_property
    def _document(self) -> bytes:
        request, answer = native.example(self.predictor)
        others = [brief for dialect in self._dialects for brief in _brief(dialect)]
        contract = self.predictor.contract
        return orjson.dumps(openapi(contract, self._release, request, answer, others))

    async def http_error(self, request: Request, fault: Exception) -> Response:
        """Starlette's own refusals (404, 405) in the shape of the protocol they fall to."""
        assert isinstance(fault, HTTPException)
        response = self._error(request, fault.status_code, fault.detail)
        response.headers.update(fault.headers or {})
        return response

    async def server_error(self, request: Request, fault: Exception) -> Response:
        """A bug: the log has the trace, the client learns nothing of the inside."""
        logger.error("unexpected %s", type(fault).__name__, exc_info=fault)
        return self._error(request, 500, "internal error")

    def _error(self, request: Request, status: int, message: str) -> Response:
        path = request.url.path
        owner = next((each for each in self._dialects if each.owns(path)), native.DIALECT)
        return respond(owner.error(status, message, ()))


def _brief(dialect: Dialect) -> Iterator[Brief]:
    """The routes of a protocol for the OpenAPI document; the native ones are there in full."""
    if dialect is not native.DIALECT:
        for ask in dialect.asks:
            yield Brief(dialect.title, ask.path, tuple(sorted(ask.kinds or JSON)))
        for tell in dialect.tells:
            yield Brief(dialect.title, tell.path)


async def metrics(_: Request) -> Response:
    return Response(exposition(), headers={"Content-Type": CONTENT_TYPE})
