"""KServe's ModelServer with a model of its own, as its documentation shows it; protocol v1.

python kserve_server.py MODEL PORT
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kserve import Model, ModelServer
from scoring import Scorer


class Bench(Model):
    def __init__(self, folder: Path) -> None:
        super().__init__("bench")
        self._score = Scorer(folder)
        self.ready = True

    async def predict(self, payload: Any, *_: Any, **__: Any) -> Any:
        return {"predictions": self._score(payload["instances"]).ravel().tolist()}


if __name__ == "__main__":
    server = ModelServer(
        http_port=int(sys.argv[2]),
        workers=1,
        enable_grpc=False,
        enable_latency_logging=False,
        access_log_format=None,
    )
    server.start([Bench(Path(sys.argv[1]))])
