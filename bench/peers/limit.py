"""The limit: what uvicorn, Starlette, orjson and ONNX Runtime can do with nothing around them.

python limit.py MODEL PORT
"""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import uvicorn
from scoring import Scorer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

score = Scorer(Path(sys.argv[1]))


async def predict(request: Request) -> Response:
    rows = orjson.loads(await request.body())["instances"]
    answer = orjson.dumps({"predictions": score(rows)}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(answer, media_type="application/json")


async def ready(_: Request) -> Response:
    return Response()


if __name__ == "__main__":
    app = Starlette(routes=[Route("/predict", predict, methods=["POST"]), Route("/readyz", ready)])
    uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning")
