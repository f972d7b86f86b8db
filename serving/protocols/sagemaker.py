"""Amazon SageMaker's contract with a container.

POST /invocations   what MLflow's protocol takes, which covers what SageMaker's own containers
                    take: JSON instances, and CSV with or without a header. Answers CSV where
                    Accept asks for it.
GET  /ping          200

It runs the container with the argument `serve` and expects port 8080. The runtime API of the
platform posts to /endpoints/NAME/invocations; that path is there too, so that code that calls
`invoke_endpoint` can be tried against an instance.
"""

from __future__ import annotations

from serving.contract import Contract
from serving.predict.predictor import Predictor, Query, Scored
from serving.protocols import mlflow, table
from serving.protocols.protocol import (
    JSON,
    InfoRoute,
    Message,
    PredictRoute,
    Reply,
    WireProtocol,
    always,
)

# What invoke_endpoint sends where the caller names no type.
UNNAMED = "application/octet-stream"


def decode(message: Message, contract: Contract) -> Query:
    query = mlflow.decode(message, contract)
    accepted = message.headers.get("accept", "").partition(";")[0].strip().lower()
    query.echo = accepted == table.CSV
    return query


def encode(scored: Scored, query: Query, predictor: Predictor) -> Reply:
    if query.echo:
        return Reply(table.write(scored), table.CSV)
    return mlflow.encode(scored, query, predictor)


PROTOCOL = WireProtocol(
    title="Amazon SageMaker",
    error=mlflow.error,
    home=("/invocations", "/endpoints"),
    predicts=tuple(
        PredictRoute(path, decode, encode, JSON | {table.CSV, UNNAMED})
        for path in ("/invocations", "/endpoints/{endpoint}/invocations")
    ),
    infos=(InfoRoute("/ping", always(mlflow.PING)),),
)
