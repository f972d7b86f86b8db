"""What BentoML's own clients ask first: /schema.json, the calls that a service has.

BentoML would answer for itself, and it knows of no route that is not its own kind of API: that
kind would cost ten times what a prediction does. The guard hands the path to us before it can.
"""

from __future__ import annotations

from serving.contract import Contract
from serving.schema import schemas
from serving.schema.schemas import Json

PATH = "/schema.json"


def schema(contract: Contract) -> Json:
    """The calls `predict`, `explain` and `feedback`, in BentoML's form."""
    row = schemas.row(contract.inputs)
    rows = {"type": "array", "items": row, "title": "Instances"}
    items = {"type": "array", "items": {"type": "object"}, "title": "Feedback"}
    return {
        "name": contract.name,
        "type": "service",
        "routes": [
            _route("predict", "instances", rows, schemas.answer(contract)),
            _route("explain", "instances", rows, schemas.explained(contract)),
            _route("feedback", "feedback", items, {"type": "object"}),
        ],
    }


def _route(name: str, argument: str, kind: Json, answer: Json) -> Json:
    given = {"type": "object", "properties": {argument: kind}, "required": [argument]}
    return {"name": name, "route": f"/{name}", "input": given, "output": answer}
