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
from serving.predict.answer import Predictor, Query, Scored
from serving.protocols import mlflow, table
from serving.protocols.dialect import JSON, Ask, Dialect, Message, Reply, Tell, always

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


DIALECT = Dialect(
    title="Amazon SageMaker",
    error=mlflow.error,
    home=("/invocations", "/endpoints"),
    asks=tuple(
        Ask(path, decode, encode, JSON | {table.CSV, UNNAMED})
        for path in ("/invocations", "/endpoints/{endpoint}/invocations")
    ),
    tells=(Tell("/ping", always(mlflow.PING)),),
)
