"""BentoML as its documentation shows it: an API with a typed input, everything else by default.

bentoml serve stock:Stock. BENCH_MODEL names the folder of the model; with BENCH_TUNED the access
log, the metrics and the tracing of BentoML are off.
"""

import os
from pathlib import Path
from typing import Any

import bentoml
from pydantic import create_model
from scoring import Scorer, read_inputs

MODEL = Path(os.environ["BENCH_MODEL"])
TYPES = {"float32": float, "float64": float, "int64": int, "bool": bool, "string": str}


def field(spec: dict[str, Any]) -> Any:
    kind = TYPES[spec["dtype"]]
    return (kind | None, None) if spec["nullable"] else (kind, ...)


Row: Any = create_model("Row", **{spec["name"]: field(spec) for spec in read_inputs(MODEL)})


TUNED: dict[str, Any] = {
    "logging": {"access": {"enabled": False}},
    "metrics": {"enabled": False},
    "tracing": {"excluded_urls": ["/predict"]},
}
OPTIONS = TUNED if os.environ.get("BENCH_TUNED") else {}


@bentoml.service(name="stock", workers=1, **OPTIONS)
class Stock:
    def __init__(self) -> None:
        self.score = Scorer(MODEL)

    @bentoml.api
    def predict(self, instances: list[Row]) -> dict[str, list[float]]:
        return {"predictions": self.score([vars(row) for row in instances]).ravel().tolist()}
