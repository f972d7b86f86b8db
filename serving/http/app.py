"""The HTTP routes of the service, as a Starlette application that BentoML mounts.

POST /predict    rows → predictions          GET /            Swagger page
POST /explain    rows → contributions        GET /docs.json   OpenAPI document
GET  /release    what answers here           GET /metrics     Prometheus
                                             and those of serving.protocols
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from serving.errors import Refusal
from serving.http.routes import Routes, direct, respond
from serving.http.shutdown import Shutdown
from serving.predict.loaded_model import check_released, load_model
from serving.predict.predictor import Predictor, Scored
from serving.protocols import native, protocols_of
from serving.protocols.document import strict
from serving.protocols.protocol import JSON, Reply, WireProtocol
from serving.schema.openapi import Documented, OtherRoute, openapi
from serving.settings.host import LOG_FOLDER
from serving.settings.service import Start
from serving.strict import DocumentError
from serving.telemetry.drift.counters import DriftCounters
from serving.telemetry.drift.pending import INTERVAL
from serving.telemetry.logs import write_json_lines
from serving.telemetry.metrics import CONTENT_TYPE, WORKERS, Meter, exposition
from serving.telemetry.predictions.feedback import Feedback
from serving.telemetry.predictions.prediction_log import PredictionLog

logger = logging.getLogger("serving")
Observer = Callable[[Scored], None]
PAGE = Path(__file__).parent / "swagger.html"


class Service:
    """The application over the model in `folder`. Call `start` once in each worker."""

    def __init__(self, folder: Path, start: Start) -> None:
        self._folder = folder
        self._start = start
        self._release = start.release
        self._observers: list[Observer] = []
        self._feedback: Feedback | None = None
        self._predictor: Predictor | None = None
        self._document: bytes | None = None
        self._protocols = protocols_of(start)
        self.shutdown = Shutdown(start.host.drain_seconds)
        routes = Routes(lambda: self.predictor, Meter(start.release), self._note, self.shutdown)
        protocol_routes = routes.of(self._protocols)
        self.direct = direct(protocol_routes)
        self.app = Starlette(
            routes=[
                *protocol_routes,
                Route("/docs.json", self.docs),
                Route("/feedback", self.feedback, methods=["POST"]),
                Route("/metrics", self.metrics),
                Route("/", self.page),
            ],
            exception_handlers={
                HTTPException: self.http_error,
                Refusal: self.refusal,
                Exception: self.server_error,
            },
        )

    def check(self) -> None:
        """SystemExit with one line if the model cannot be served. One that was released is not
        loaded for it: that would cost this process 50 MB and the start half a second."""
        with _one_line():
            if not check_released(self._folder):
                self.load()

    def try_out(self) -> None:
        """Load the model and score with it; SystemExit with one line if it cannot be served."""
        with _one_line():
            self.load()

    def load(self) -> None:
        """Load the model; DocumentError if it cannot be served."""
        model = load_model(self._folder, self._start.settings.compute)
        self._predictor = Predictor(model, self._start)

    def start(self) -> None:
        """Load the model in a worker and get ready for requests."""
        self.load()
        self.observe()
        WORKERS.labels(self._release).set(1)
        self.shutdown.watch()
        if self._start.settings.log.requests:
            write_json_lines()
        # Hundreds of thousands of objects of the imports never die, and BentoML's timers live
        # for seconds: a full garbage collection that walks over them takes 100 to 200 ms, in
        # which no request is answered. So those are left out, and full collections are rare.
        gc.collect()
        gc.freeze()
        gc.set_threshold(700, 10, 1000)

    def observe(self) -> None:
        """From now on, count what is asked and answered, and write it down where there is a
        place for it."""
        contract, start = self.predictor.contract, self._start
        counters = DriftCounters(contract, self._release)
        self._observers = [counters.scored]
        if start.host.log_folder is not None:
            predictions = PredictionLog(contract, start)
            predictions.start()
            self._observers.append(predictions.scored)
            log, folder = start.settings.log, start.host.log_folder
            self._feedback = Feedback(contract, folder, self._release, log)

    def _note(self, scored: Scored) -> None:
        for observer in self._observers:
            observer(scored)

    @property
    def ready(self) -> bool:
        """May new requests come?"""
        return self._predictor is not None and not self.shutdown.begun

    @property
    def predictor(self) -> Predictor:
        if self._predictor is None:
            raise Refusal(503, "the model is not loaded yet")
        return self._predictor

    async def page(self, request: Request) -> Response:
        """Swagger UI from the files inside BentoML. BentoML's own page reports to a tracker."""
        for protocol in self._protocols:
            if protocol.root and "text/html" not in request.headers.get("accept", ""):
                return respond(protocol.root)
        return HTMLResponse(PAGE.read_text(encoding="utf-8"))

    async def docs(self, _: Request) -> Response:
        if self._document is None:
            example = await native.example(self.predictor)
            others = [route for protocol in self._protocols for route in _other_routes(protocol)]
            auth = self._start.settings.auth
            documented = Documented(self.predictor.contract, self._release, auth)
            self._document = orjson.dumps(openapi(documented, example, others))
        return Response(self._document, media_type="application/json")

    async def metrics(self, _: Request) -> Response:
        """What all workers have counted. Others hand over what they have within an interval."""
        if self._start.workers > 1:
            await asyncio.sleep(INTERVAL * 1.2)
        return Response(exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def feedback(self, request: Request) -> Response:
        """Take the truth about requests that were answered before."""
        body = await request.body()
        if self._feedback is None:
            raise Refusal(404, f"feedback is not kept here: {LOG_FOLDER} is not set")
        kept = await run_in_threadpool(self._feedback, strict(body))
        return Response(orjson.dumps(kept), media_type="application/json")

    async def http_error(self, request: Request, fault: Exception) -> Response:
        """Starlette's own refusals (404, 405) in the shape of the protocol they fall to."""
        assert isinstance(fault, HTTPException)
        response = respond(self.error(request.url.path, fault.status_code, fault.detail))
        response.headers.update(fault.headers or {})
        return response

    async def refusal(self, request: Request, fault: Exception) -> Response:
        """What the routes of this module refuse, in the same shape."""
        assert isinstance(fault, Refusal)
        return respond(self.error(request.url.path, fault.status, str(fault)))

    async def server_error(self, request: Request, fault: Exception) -> Response:
        """A bug: the log has the trace, the client learns nothing of the inside."""
        logger.error("unexpected %s", type(fault).__name__, exc_info=fault)
        return respond(self.error(request.url.path, 500, "internal error"))

    def error(self, path: str, status: int, message: str) -> Reply:
        """An error in the shape of the protocol that `path` belongs to."""
        owner = next((each for each in self._protocols if each.owns(path)), native.PROTOCOL)
        return owner.error(status, message, ())


@contextmanager
def _one_line() -> Iterator[None]:
    """End with the reason alone."""
    try:
        yield
    except DocumentError as error:
        raise SystemExit(f"error: {error}") from None


def _other_routes(protocol: WireProtocol) -> Iterator[OtherRoute]:
    """The routes of a protocol for the OpenAPI document; the native ones are there in full."""
    if protocol is not native.PROTOCOL:
        for route in protocol.predicts:
            yield OtherRoute(protocol.title, route.path, tuple(sorted(route.kinds or JSON)))
        for info in protocol.infos:
            yield OtherRoute(protocol.title, info.path)
