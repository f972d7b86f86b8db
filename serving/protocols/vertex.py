"""Vertex AI's contract with a container: the routes are in its AIP_ variables.

POST $AIP_PREDICT_ROUTE   {"instances": […], "parameters": {…}} → {"predictions": […]}
GET  $AIP_HEALTH_ROUTE    200

The API of the platform posts to /v1/projects/P/locations/L/endpoints/E:predict; that path is
there too, so that a client can be tried against an instance. `parameters` have no effect: a
model with a contract has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serving.contract import Contract
from serving.errors import Problem
from serving.predict.predictor import Predictor, Query, Scored
from serving.protocols.document import instances, lenient, mapping
from serving.protocols.protocol import (
    InfoRoute,
    Message,
    PredictRoute,
    Reply,
    WireProtocol,
    always,
    reply,
)

CLIENTS = "/v1/projects/{project}/locations/{location}/endpoints/{endpoint}:predict"
HEALTHY = always({"status": "healthy"})
_STATUSES: Mapping[int, str] = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def decode(message: Message, contract: Contract) -> Query:
    document = mapping(lenient(message.body), '{"instances": [{…}, …]}')
    query = instances(document.get("instances"), contract)
    query.ignored = len(document.keys() - {"instances", "parameters"})
    return query


def encode(scored: Scored, _: Query, __: Predictor) -> Reply:
    return reply({"predictions": scored.score})


def error(status: int, message: str, _: Sequence[Problem]) -> Reply:
    status = 400 if status == 422 else status
    name = _STATUSES.get(status, "INVALID_ARGUMENT")
    return reply({"error": {"code": status, "message": message, "status": name}}, status)


def protocol(predict: str | None, health: str | None) -> WireProtocol:
    """The protocol with the routes that the platform chose; only the client's without."""
    return WireProtocol(
        title="Vertex AI",
        error=error,
        home=("/v1/projects", *filter(None, (predict, health))),
        predicts=tuple(
            PredictRoute(path, decode, encode, rows_key="instances")
            for path in filter(None, (predict, CLIENTS))
        ),
        infos=(InfoRoute(health, HEALTHY, readiness=True),) if health else (),
    )
