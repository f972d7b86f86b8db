"""The HTTP routes of the service, as a Starlette application that BentoML mounts.

POST /predict    rows → predictions          GET /            Swagger page
POST /explain    rows → contributions        GET /docs.json   OpenAPI document
GET  /release    what answers here           GET /metrics     Prometheus
                                             and those of serving.protocols
"""

from __future__ import annotations

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

from serving.contract import ContractError
from serving.http.openapi import Brief, Subject, openapi
from serving.http.routes import Routes, direct, respond
from serving.http.shutdown import Drain
from serving.predict.answer import Predictor, Refusal, Scored
from serving.predict.loaded_model import check_released, load_model
from serving.protocols import native, spoken
from serving.protocols.dialect import JSON, Dialect, Reply
from serving.protocols.document import strict
from serving.settings.host import LOG_FOLDER
from serving.settings.service import Start
from serving.telemetry.drift_counters import Watch
from serving.telemetry.feedback import Feedback
from serving.telemetry.logs import write_json_lines
from serving.telemetry.metrics import CONTENT_TYPE, Meter, exposition
from serving.telemetry.prediction_log import Journal

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
        self._dialects = spoken(start)
        self.drain = Drain(start.place.drain_seconds)
        routes = Routes(lambda: self.predictor, Meter(start.release), self._note, self.drain)
        spoken_routes = routes.of(self._dialects)
        self.direct = direct(spoken_routes)
        self.app = Starlette(
            routes=[
                *spoken_routes,
                Route("/docs.json", self.docs),
                Route("/feedback", self.feedback, methods=["POST"]),
                Route("/metrics", metrics),
                Route("/", self.page),
            ],
            exception_handlers={HTTPException: self.http_error, Exception: self.server_error},
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
        """Load the model; ContractError if it cannot be served."""
        model = load_model(self._folder, self._start.settings.compute)
        self._predictor = Predictor(model, self._start)

    def start(self) -> None:
        """Load the model in a worker and get ready for requests."""
        self.load()
        self.observe()
        self.drain.watch()
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
        watch = Watch(contract, self._release)
        self._observers = [watch.scored]
        if start.place.log_folder is not None:
            journal = Journal(contract, start)
            journal.start()
            self._observers.append(journal.scored)
            log, folder = start.settings.log, start.place.log_folder
            self._feedback = Feedback(contract, folder, self._release, log)

    def _note(self, scored: Scored) -> None:
        for observer in self._observers:
            observer(scored)

    @property
    def ready(self) -> bool:
        """May new requests come?"""
        return self._predictor is not None and not self.drain.draining

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
        if self._document is None:
            example = await native.example(self.predictor)
            others = [brief for dialect in self._dialects for brief in _brief(dialect)]
            auth = self._start.settings.auth
            subject = Subject(self.predictor.contract, self._release, auth)
            self._document = orjson.dumps(openapi(subject, example, others))
        return Response(self._document, media_type="application/json")

    async def feedback(self, request: Request) -> Response:
        """Take the truth about requests that were answered before."""
        body = await request.body()
        try:
            if self._feedback is None:
                raise Refusal(404, f"feedback is not kept here: {LOG_FOLDER} is not set")
            kept = await run_in_threadpool(self._feedback, strict(body))
        except Refusal as refusal:
            return respond(self.error(request.url.path, refusal.status, str(refusal)))
        return Response(orjson.dumps(kept), media_type="application/json")

    async def http_error(self, request: Request, fault: Exception) -> Response:
        """Starlette's own refusals (404, 405) in the shape of the protocol they fall to."""
        assert isinstance(fault, HTTPException)
        response = respond(self.error(request.url.path, fault.status_code, fault.detail))
        response.headers.update(fault.headers or {})
        return response

    async def server_error(self, request: Request, fault: Exception) -> Response:
        """A bug: the log has the trace, the client learns nothing of the inside."""
        logger.error("unexpected %s", type(fault).__name__, exc_info=fault)
        return respond(self.error(request.url.path, 500, "internal error"))

    def error(self, path: str, status: int, message: str) -> Reply:
        """An error in the shape of the protocol that `path` belongs to."""
        owner = next((each for each in self._dialects if each.owns(path)), native.DIALECT)
        return owner.error(status, message, ())


@contextmanager
def _one_line() -> Iterator[None]:
    """End with the reason alone."""
    try:
        yield
    except ContractError as error:
        raise SystemExit(f"error: {error}") from None


def _brief(dialect: Dialect) -> Iterator[Brief]:
    """The routes of a protocol for the OpenAPI document; the native ones are there in full."""
    if dialect is not native.DIALECT:
        for ask in dialect.asks:
            yield Brief(dialect.title, ask.path, tuple(sorted(ask.kinds or JSON)))
        for tell in dialect.tells:
            yield Brief(dialect.title, tell.path)


def metrics(_: Request) -> Response:
    return Response(exposition(), headers={"Content-Type": CONTENT_TYPE})
