"""The OpenAPI document of a service, made from the contract; its example is a real request.

Version 3.0.3, which the Swagger UI inside BentoML and most generators of clients know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.contract import Contract, Input
from serving.expected import describe

Json = dict[str, Any]
_TYPES: Mapping[str, Json] = {
    "float32": {"type": "number", "format": "float"},
    "float64": {"type": "number", "format": "double"},
    "int64": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
}
_ANY: Mapping[str, Json] = {
    "application/json": {"type": "object"},
    "application/octet-stream": {"type": "string", "format": "binary"},
    "text/csv": {"type": "string"},
}
_ERRORS = {
    "400": "The body is not JSON.",
    "413": "The body is too large.",
    "415": "The body is not declared as JSON.",
    "422": "The rows do not fit the contract: row, field, value and what is allowed.",
}


@dataclass(frozen=True, slots=True)
class Brief:
    """A route of another protocol, which that protocol documents. `kinds` are the media types
    that it takes, none for a GET."""

    protocol: str
    path: str
    kinds: tuple[str, ...] = ()


def openapi(
    contract: Contract, release: str, request: Json, answer: Json, others: Iterable[Brief] = ()
) -> Json:
    """The document; `request` and `answer` are a real pair."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": contract.name,
            "version": release,
            "description": _introduction(contract),
        },
        "paths": {
            "/predict": {"post": _predict(contract, request, answer)},
            "/release": {
                "get": _get("Which release this is, and the sha256 of its files.", "json")
            },
            "/metrics": {"get": _get("Prometheus metrics.", "text")},
            "/livez": {"get": _get("200 while the process lives.", "text")},
            "/readyz": {"get": _get("200 once requests can be answered.", "text")},
        }
        | _briefly(contract, others),
        "components": {
            "schemas": {"Row": _row(contract.inputs), "Error": _error()},
        },
    }


def _briefly(contract: Contract, others: Iterable[Brief]) -> Json:
    """Each path once, for the model that is served; clients of a protocol know the rest."""
    paths: Json = {}
    for one in others:
        path = one.path.replace("{model}", contract.name)
        if "{" in path:  # the same route again, for those who name a version or a place
            continue
        operation: Json = {
            "tags": [one.protocol],
            "responses": {"200": {"description": "as the protocol says"}},
        }
        if one.kinds:
            operation["responses"]["default"] = {"description": "a refusal in its own shape"}
            content = {kind: {"schema": _ANY[kind]} for kind in one.kinds}
            operation["requestBody"] = {"required": True, "content": content}
        paths.setdefault(path, {"post" if one.kinds else "get": operation})
    return paths


def _introduction(contract: Contract) -> str:
    until = f" Trained on rows until {contract.trained_until}." if contract.trained_until else ""
    positive = ""
    if contract.task == "binary" and contract.classes:
        positive = f" A prediction is the probability of `{contract.classes[1]}`."
    return f"A {contract.task} model.{positive}{until}"


def _predict(contract: Contract, request: Json, answer: Json) -> Json:
    responses: Json = {
        "200": _content(
            "One prediction for each row, in the same order.", _answer(contract), answer
        )
    }
    reference = {"$ref": "#/components/schemas/Error"}
    responses |= {code: _content(text, reference) for code, text in _ERRORS.items()}
    schema = {
        "type": "object",
        "required": ["instances"],
        "properties": {
            "instances": {
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/components/schemas/Row"},
            }
        },
    }
    return {
        "operationId": "predict",
        "summary": "Score rows",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": request}},
        },
        "responses": responses,
    }


def _row(inputs: Sequence[Input]) -> Json:
    return {
        "type": "object",
        "properties": {spec.name: _field(spec) for spec in inputs},
        "required": [spec.name for spec in inputs if not spec.nullable],
        "additionalProperties": True,
    }


def _field(spec: Input) -> Json:
    field: Json = dict(_TYPES[spec.dtype])
    if spec.range is not None:
        whole = spec.dtype == "int64"
        field["minimum"], field["maximum"] = (int(x) if whole else x for x in spec.range)
    if spec.categories and spec.unseen == "reject":
        field["enum"] = [*spec.categories, *([None] if spec.nullable else [])]
    for size in reversed(spec.shape):
        field = {"type": "array", "minItems": size, "maxItems": size, "items": field}
    if spec.nullable:
        field["nullable"] = True
    field["description"] = ". ".join(filter(None, (spec.description, describe(spec))))
    return field


def _answer(contract: Contract) -> Json:
    number: Json = {"type": "number"}
    several = contract.task == "multiclass"
    item = {"type": "array", "items": number} if several else number
    properties: Json = {
        "predictions": {"type": "array", "items": item},
        "release": {"type": "string"},
        "ignored_fields": {"type": "integer", "description": "values of unknown fields"},
    }
    labels = {"type": "array", "items": {"type": "string", "enum": list(contract.classes or ())}}
    if contract.classes:
        properties["decisions"] = labels
    if several:
        properties["classes"] = labels
    return {"type": "object", "required": list(properties), "properties": properties}


def _error() -> Json:
    problem = {
        "type": "object",
        "properties": {
            "row": {"type": "integer"},
            "field": {"type": "string", "nullable": True},
            "value": {"type": "string"},
            "expected": {"type": "string"},
        },
    }
    error = {
        "type": "object",
        "required": ["message", "problems"],
        "properties": {
            "message": {"type": "string"},
            "problems": {"type": "array", "items": problem},
        },
    }
    return {"type": "object", "required": ["error"], "properties": {"error": error}}


def _get(summary: str, kind: str) -> Json:
    schema = {"type": "object"} if kind == "json" else {"type": "string"}
    media = "application/json" if kind == "json" else "text/plain"
    content = {media: {"schema": schema}}
    return {"summary": summary, "responses": {"200": {"description": "OK", "content": content}}}


def _content(description: str, schema: Json, example: Json | None = None) -> Json:
    media: Json = {"schema": schema}
    if example is not None:
        media["example"] = example
    return {"description": description, "content": {"application/json": media}}
