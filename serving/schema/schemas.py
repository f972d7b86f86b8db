"""The parts of an OpenAPI document that describe rows and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.contract import Contract, Input
from serving.rows.messages import describe

Json = dict[str, Any]
TYPES: Mapping[str, Json] = {
    "float32": {"type": "number", "format": "float"},
    "float64": {"type": "number", "format": "double"},
    "int64": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
}


def rows() -> Json:
    """The body of a request: {"instances": [row, …]}."""
    items = {"$ref": "#/components/schemas/Row"}
    array = {"type": "array", "minItems": 1, "items": items}
    return {"type": "object", "required": ["instances"], "properties": {"instances": array}}


def row(inputs: Sequence[Input]) -> Json:
    """One row of a request."""
    return {
        "type": "object",
        "properties": {spec.name: _field(spec) for spec in inputs},
        "required": [spec.name for spec in inputs if not spec.nullable],
        "additionalProperties": True,
    }


def _field(spec: Input) -> Json:
    field: Json = dict(TYPES[spec.dtype])
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


def answer(contract: Contract) -> Json:
    """What /predict answers."""
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


def explained(contract: Contract) -> Json:
    """What /explain answers."""
    number: Json = {"type": "number"}
    several = contract.task == "multiclass"
    value = {"type": "array", "items": number} if several else number
    names = [spec.name for spec in contract.inputs]
    contributions = {
        "type": "object",
        "required": names,
        "properties": dict.fromkeys(names, value),
        "description": "base and contributions add up to raw",
    }
    explanation = {"prediction": value, "raw": value, "contributions": contributions}
    item = {"type": "object", "required": list(explanation), "properties": explanation}
    properties: Json = {
        "explanations": {"type": "array", "items": item},
        "base": value,
        "space": {"type": "string", "enum": ["log-odds", "logits", "score"]},
        "method": {"type": "string", "enum": ["trees", "sampling"]},
        "release": {"type": "string"},
        "ignored_fields": {"type": "integer", "description": "values of unknown fields"},
    }
    if several:
        labels = {"type": "string", "enum": list(contract.classes or ())}
        properties["classes"] = {"type": "array", "items": labels}
    return {"type": "object", "required": list(properties), "properties": properties}


def error() -> Json:
    """A refusal."""
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
