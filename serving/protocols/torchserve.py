"""TorchServe's inference protocol.

POST /predictions/M[/V]   one row → its score; a list of rows → a list of scores;
                          {"instances": […]} → {"predictions": […]}, its envelope for KServe
GET  /ping                {"status": "Healthy"}

TorchServe hands whatever comes to the model's handler, with any Content-Type; here it is JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serving.contract import Contract
from serving.errors import Problem
from serving.predict.predictor import Predictor, Query, Scored
from serving.protocols.document import instances, lenient, mapping
from serving.protocols.mlflow import PING
from serving.protocols.protocol import (
    InfoRoute,
    Message,
    PredictRoute,
    Reply,
    WireProtocol,
    always,
    reply,
)

_TYPES: Mapping[int, str] = {
    404: "ModelNotFoundException",
    405: "MethodNotAllowedException",
    413: "RequestEntityTooLargeException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


def decode(message: Message, contract: Contract) -> Query:
    document = lenient(message.body)
    if type(document) is list:
        query = instances(document, contract, "body")
        query.echo = "list"
        return query
    row = mapping(document, "a row, a list of rows, or an object with instances")
    if "instances" in row and all(spec.name != "instances" for spec in contract.inputs):
        query = instances(row["instances"], contract)
        query.echo = "envelope"
        return query
    return Query(1, rows=[row], echo="row")


def encode(scored: Scored, query: Query, _: Predictor) -> Reply:
    if query.echo == "envelope":
        return reply({"predictions": scored.score})
    return reply(scored.score if query.echo == "list" else scored.score[0])


def error(status: int, message: str, _: Sequence[Problem]) -> Reply:
    status = 400 if status == 422 else status
    kind = _TYPES.get(status, "BadRequestException")
    return reply({"code": status, "type": kind, "message": message}, status)


PROTOCOL = WireProtocol(
    title="TorchServe",
    error=error,
    home=("/predictions",),
    predicts=tuple(
        PredictRoute(path, decode, encode, None)
        for path in ("/predictions/{model}", "/predictions/{model}/{version}")
    ),
    infos=(InfoRoute("/ping", always(PING)),),
)
