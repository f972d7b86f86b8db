"""MLflow's scoring protocol, as `mlflow models serve` speaks it.

POST /invocations   exactly one of dataframe_split, dataframe_records, instances and inputs as
                    JSON, or CSV with a header → {"predictions": […]}
GET  /ping, /health, /version

NaN, which pandas writes into JSON, is null. `params` are read and have no effect: a model with
a contract has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.contract import Contract
from serving.errors import Problem, Refusal
from serving.predict.predictor import Predictor, Query, Scored
from serving.protocols import table
from serving.protocols.document import columns, inputs, instances, lenient, mapping
from serving.protocols.protocol import (
    JSON,
    InfoRoute,
    Message,
    PredictRoute,
    Reply,
    WireProtocol,
    always,
    reply,
)

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
CODES = {404: "RESOURCE_DOES_NOT_EXIST", 500: "INTERNAL_ERROR"}
EXPECTED = '{"dataframe_split": {"columns": […], "data": [[…], …]}}'
PING = {"status": "Healthy"}  # TorchServe's words; MLflow and SageMaker only read the status


def decode(message: Message, contract: Contract) -> Query:
    if message.kind == table.CSV:
        return table.read(message.body, contract)
    document = mapping(lenient(message.body), EXPECTED)
    formats = [key for key in FORMATS if key in document]
    if len(formats) != 1:
        listed = ", ".join(FORMATS)
        raise Refusal(422, f"the body must have exactly one of {listed}; it has {len(formats)}")
    key = formats[0]
    query = _rows(key, document[key], contract)
    query.ignored = len(document.keys() - {key, "params"})
    return query


def _rows(key: str, value: Any, contract: Contract) -> Query:
    if key == "dataframe_split":
        return _split(value)
    if key == "dataframe_records" and type(value) is not list:
        raise Refusal(422, '"dataframe_records" must be a list of rows')
    return (inputs if key == "inputs" else instances)(value, contract, key)


def _split(value: Any) -> Query:
    """{"columns": names, "data": rows of values}; "index" has no meaning here."""
    frame = mapping(value, EXPECTED)
    names, rows = frame.get("columns"), frame.get("data")
    if type(names) is not list or type(rows) is not list or not {type(n) for n in names} <= {str}:
        raise Refusal(422, f'"dataframe_split" must be {EXPECTED}')
    if len(set(names)) != len(names):
        raise Refusal(422, '"dataframe_split" names a column twice')
    for index, row in enumerate(rows):
        if type(row) is not list or len(row) != len(names):
            raise Refusal(422, f"row {index} must be a list of {len(names)} values, as the columns")
    if not rows:
        return Query(0, rows=[])
    return columns(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)), "data")


def encode(scored: Scored, _: Query, __: Predictor) -> Reply:
    return reply({"predictions": scored.score})


def error(status: int, message: str, _: Sequence[Problem]) -> Reply:
    status = 400 if status == 422 else status
    return reply({"error_code": CODES.get(status, "BAD_REQUEST"), "message": message}, status)


def _version(predictor: Predictor) -> Reply:
    """MLflow answers with its own version; what matters to a client of ours is the release."""
    return Reply(predictor.release.encode(), "text/plain")


PROTOCOL = WireProtocol(
    title="MLflow",
    error=error,
    home=("/invocations", "/ping", "/health", "/version"),
    predicts=(
        PredictRoute(
            "/invocations", decode, encode, JSON | {table.CSV}, rows_key="dataframe_records"
        ),
    ),
    infos=(
        InfoRoute("/ping", always(PING)),
        InfoRoute("/health", always(PING)),
        InfoRoute("/version", _version),
    ),
)
