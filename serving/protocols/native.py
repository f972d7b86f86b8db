"""The protocol of this service: {"instances": [{…}, …]} → {"predictions": […], …}."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from serving.column import Problem
from serving.contract import Contract
from serving.predict import Predictor, Query, Refusal, Scored
from serving.protocols.dialect import Ask, Dialect, Message, Reply, Tell, reply
from serving.protocols.document import mapping, strict

PREDICT = "/predict"
EXAMPLE_ROWS = 2


def decode(message: Message, _: Contract) -> Query:
    document = mapping(strict(message.body), '{"instances": [{…}, …]}')
    rows = document.get("instances")
    if type(rows) is not list:
        found = "something else" if "instances" in document else "none"
        raise Refusal(422, f'"instances" must be a list of rows, found {found}')
    return Query(len(rows), rows, ignored=len(document) - 1)


def encode(scored: Scored, _: Query, predictor: Predictor) -> Reply:
    answer: dict[str, Any] = {"predictions": scored.score}
    decisions = predictor.decide(scored.score)
    if decisions is not None:
        answer["decisions"] = decisions
    if predictor.contract.task == "multiclass":
        answer["classes"] = predictor.contract.classes
    answer["release"] = predictor.release
    answer["ignored_fields"] = scored.ignored
    return reply(answer)


def error(status: int, message: str, problems: Sequence[Problem]) -> Reply:
    shown = [problem.to_json() for problem in problems]
    return reply({"error": {"message": message, "problems": shown}}, status)


def example(predictor: Predictor) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request that works, and its answer."""
    rows = [dict(row) for row in predictor.model.examples[:EXAMPLE_ROWS]]
    query = Query(len(rows), rows)
    answer = encode(predictor(query), query, predictor)
    return {"instances": rows}, orjson.loads(answer.body)


DIALECT = Dialect(
    title="Native",
    error=error,
    home=(PREDICT,),
    asks=(Ask(PREDICT, decode, encode),),
    tells=(Tell("/release", lambda predictor: reply(predictor.describe())),),
)
