"""The protocol of this service: {"instances": [{…}, …]} → {"predictions": […], …}, and to
/explain → {"explanations": […], …}."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from serving.contract import Contract, Link
from serving.errors import Problem, Refusal
from serving.predict.predictor import Explanations, Predictor, Query, Scored
from serving.protocols.document import mapping, strict
from serving.protocols.protocol import (
    ExplainRoute,
    InfoRoute,
    Message,
    PredictRoute,
    Reply,
    WireProtocol,
    reply,
)
from serving.rows.column import Array
from serving.schema import bentoml_schema
from serving.schema.openapi import Example

PREDICT = "/predict"
EXPLAIN = "/explain"
SPACES: Mapping[Link, str] = {"logistic": "log-odds", "softmax": "logits", "identity": "score"}
EXAMPLE_ROWS = 2


def decode(message: Message, _: Contract) -> Query:
    document = mapping(strict(message.body), '{"instances": [{…}, …]}')
    rows = document.get("instances")
    if type(rows) is not list:
        kind = "something else" if "instances" in document else "none"
        raise Refusal(422, f'"instances" must be a list of rows, found {kind}')
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


def encode_explanations(explanations: Explanations, predictor: Predictor) -> Reply:
    """A number for each contribution, or a list by class for several classes."""
    assert predictor.model.explainer is not None
    how = predictor.model.explainer.how
    several = predictor.contract.task == "multiclass"
    names = [spec.name for spec in predictor.contract.inputs]

    def shaped(values: Array) -> Any:
        return (values if several else values[..., 0]).tolist()

    answer: dict[str, Any] = {
        "explanations": [
            {"prediction": score, "raw": raw, "contributions": dict(zip(names, row, strict=True))}
            for part in explanations.parts
            for score, raw, row in zip(
                part.score, shaped(part.sums.raw), shaped(part.sums.parts), strict=True
            )
        ],
        "base": shaped(explanations.parts[0].sums.base),
        "space": SPACES[how.link],
        "method": how.method,
    }
    if several:
        answer["classes"] = predictor.contract.classes
    answer |= {"release": predictor.release, "ignored_fields": explanations.ignored}
    return reply(answer)


def error(status: int, message: str, problems: Sequence[Problem]) -> Reply:
    shown = [problem.to_json() for problem in problems]
    return reply({"error": {"message": message, "problems": shown}}, status)


async def example(predictor: Predictor) -> Example:
    """A request that works, and its answers."""
    rows = [dict(row) for row in predictor.model.examples[:EXAMPLE_ROWS]]
    query = Query(len(rows), rows)
    answer = orjson.loads(encode(predictor(query), query, predictor).body)
    explained = None
    if predictor.model.explainer is not None:
        explanation = encode_explanations(await predictor.explain(query), predictor)
        explained = orjson.loads(explanation.body)
    return Example({"instances": rows}, answer, explained)


PROTOCOL = WireProtocol(
    title="Native",
    error=error,
    home=(PREDICT, EXPLAIN),
    predicts=(PredictRoute(PREDICT, decode, encode, rows_key="instances"),),
    explains=(ExplainRoute(EXPLAIN, decode, encode_explanations),),
    infos=(
        InfoRoute("/release", lambda predictor: reply(predictor.describe())),
        InfoRoute(
            bentoml_schema.PATH, lambda predictor: reply(bentoml_schema.schema(predictor.contract))
        ),
    ),
)
