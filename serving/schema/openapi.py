"""The OpenAPI document of a service, made from the contract; its example is a real request.

Version 3.0.3, which the Swagger UI inside BentoML and most generators of clients know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from serving.contract import Contract
from serving.schema import schemas
from serving.schema.schemas import Json
from serving.settings.policy import OPEN, Auth

_ANY: Mapping[str, Json] = {
    "application/json": {"type": "object"},
    "application/octet-stream": {"type": "string", "format": "binary"},
    "text/csv": {"type": "string"},
}
_REFUSALS = {
    "400": "The body is not JSON, or an object in it names a key twice.",
    "401": "Credentials are missing, unknown or expired.",
    "403": "The credentials do not allow this.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "429": "Too many requests; Retry-After says when to come back.",
    "431": "The headers are too large, or too many.",
}
_ERRORS = _REFUSALS | {
    "415": "The body is not declared as JSON.",
    "422": "The rows do not fit the contract: row, field, value and what is allowed.",
}
_EXPLAIN_ERRORS = _ERRORS | {"404": "This release cannot explain."}
_FEEDBACK_ERRORS = _REFUSALS | {
    "404": "Feedback is not kept here.",
    "422": "An item makes no sense; nothing of the request is kept.",
    "503": "The disk does not take it; nothing of the request is kept. Send it again later.",
}


@dataclass(frozen=True, slots=True)
class OtherRoute:
    """A route of another protocol, which that protocol documents. `kinds` are the media types
    that it takes, none for a GET."""

    protocol: str
    path: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A real request and what /predict and /explain answer; None where a release cannot."""

    request: Json
    answer: Json
    explained: Json | None = None


@dataclass(frozen=True, slots=True)
class Documented:
    """What is documented: a model, its release, and whose credentials are asked for."""

    contract: Contract
    release: str
    auth: Auth = "none"


_SCHEMES: Mapping[str, Json] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "an API key or a token"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_CREDENTIALS: Mapping[Auth, tuple[str, ...]] = {
    "none": (),
    "keys": ("bearer", "key"),
    "oidc": ("bearer",),
    "both": ("bearer", "key"),
}


def openapi(documented: Documented, example: Example, others: Iterable[OtherRoute] = ()) -> Json:
    """The document."""
    contract, schemes = documented.contract, _CREDENTIALS[documented.auth]
    paths: Json = {
        "/predict": {"post": _predict(contract, example)},
        "/explain": {"post": _explain(contract, example)},
        "/release": {"get": _get("Which release this is, and the sha256 of its files.", "json")},
        "/feedback": {"post": _feedback(contract)},
        "/metrics": {"get": _get("Prometheus metrics.", "text")},
        "/livez": {"get": _get("200 while the process lives.", "text")},
        "/readyz": {"get": _get("200 once requests can be answered.", "text")},
    }
    paths |= _briefly(contract, others)
    for path in OPEN & paths.keys():
        for operation in paths[path].values():
            operation["security"] = []
    return {
        "openapi": "3.0.3",
        "info": {
            "title": contract.name,
            "version": documented.release,
            "description": _introduction(contract),
        },
        "security": [{scheme: []} for scheme in schemes],
        "paths": paths,
        "components": {
            "schemas": {"Row": schemas.row(contract.inputs), "Error": schemas.error()},
            "securitySchemes": {scheme: _SCHEMES[scheme] for scheme in schemes},
        },
    }


def _briefly(contract: Contract, others: Iterable[OtherRoute]) -> Json:
    """Each path once, for the model that is served; clients of a protocol know the rest."""
    paths: Json = {}
    for route in others:
        path = route.path.replace("{model}", contract.name)
        if "{" in path:  # the same route again, for those who name a version or a place
            continue
        operation: Json = {
            "tags": [route.protocol],
            "responses": {"200": {"description": "as the protocol says"}},
        }
        if route.kinds:
            operation["responses"]["default"] = {"description": "a refusal in its own shape"}
            content = {kind: {"schema": _ANY[kind]} for kind in route.kinds}
            operation["requestBody"] = {"required": True, "content": content}
        paths.setdefault(path, {"post" if route.kinds else "get": operation})
    return paths


def _introduction(contract: Contract) -> str:
    until = f" Trained on rows until {contract.trained_until}." if contract.trained_until else ""
    positive = ""
    if contract.task == "binary" and contract.classes:
        positive = f" A prediction is the probability of `{contract.classes[1]}`."
    return f"A {contract.task} model.{positive}{until}"


def _predict(contract: Contract, example: Example) -> Json:
    answer = _content(
        "One prediction for each row, in the same order.", schemas.answer(contract), example.answer
    )
    return _scoring("predict", "Score rows", example) | {
        "responses": {"200": answer} | _refusals(_ERRORS)
    }


def _explain(contract: Contract, example: Example) -> Json:
    answer = _content(
        "For each row what each input adds to the base value.",
        schemas.explained(contract),
        example.explained,
    )
    return _scoring("explain", "Explain the scores of rows", example) | {
        "responses": {"200": answer} | _refusals(_EXPLAIN_ERRORS)
    }


def _scoring(name: str, summary: str, example: Example) -> Json:
    media = {"schema": schemas.rows(), "example": example.request}
    body = {"required": True, "content": {"application/json": media}}
    return {"operationId": name, "summary": summary, "requestBody": body}


def _refusals(reasons: Mapping[str, str]) -> Json:
    reference = {"$ref": "#/components/schemas/Error"}
    return {code: _content(text, reference) for code, text in reasons.items()}


def _feedback(contract: Contract) -> Json:
    label: Json = {"type": "number"}
    if contract.classes:
        label = {"type": "string", "enum": list(contract.classes)}
    item = {
        "type": "object",
        "required": ["request_id", "truth"],
        "properties": {
            "request_id": {"type": "string", "pattern": "^[A-Za-z0-9._:@/+=-]{1,128}$"},
            "truth": {"oneOf": [label, {"type": "array", "minItems": 1, "items": label}]},
        },
    }
    items = {"type": "array", "minItems": 1, "items": item}
    schema = {"type": "object", "required": ["feedback"], "properties": {"feedback": items}}
    counts = {name: {"type": "integer"} for name in ("accepted", "duplicates")}
    answer = _content("What was new.", {"type": "object", "properties": counts})
    return {
        "operationId": "feedback",
        "summary": "Tell the truth about requests that were answered before",
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"200": answer} | _refusals(_FEEDBACK_ERRORS),
    }


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
