"""What BentoML's own clients ask first: /schema.json, the calls that a service has.

BentoML would answer for itself, and it knows of no route that is not its own kind of API: that
kind would cost ten times what a prediction does. So the answer is given before it can.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving import schemas
from serving.contract import Contract
from serving.schemas import Json

PATH = "/schema.json"


class TypedApi:
    """Middleware that answers /schema.json by the contract that `contract` gives."""

    def __init__(self, app: ASGIApp, *, contract: Callable[[], Contract]) -> None:
        self._app = app
        self._contract = contract

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        body = orjson.dumps(schema(self._contract()))
        await Response(body, media_type="application/json")(scope, receive, send)


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
