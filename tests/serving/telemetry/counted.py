"""A predictor of a tiny model with histograms, and what is counted about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY

from serving.contract import Histogram, Output, Task
from serving.predict.loaded_model import load_model
from serving.predict.predictor import Predictor, Query
from serving.settings.service import ServingSettings, Start
from serving.telemetry.drift.counters import DriftCounters
from serving.telemetry.drift.pending import PENDING
from serving.telemetry.request_context import CONTEXT, RequestContext
from tests.serving.tiny import write_tiny_model

ROW = {"distance": 800.0, "wind": 7.0, "hour": 9, "weekend": False, "carrier": "UA"}
SCORES = Histogram(edges=(0.0, 0.3, 0.6, 1.0), counts=(30, 40, 30))


def value(name: str, **labels: str) -> float:
    PENDING.flush()
    return REGISTRY.get_sample_value(name, labels) or 0.0


class Counted:
    """A predictor of a tiny model with histograms, and its counters, under a release of its own."""

    def __init__(self, folder: Path, release: str, task: Task = "binary") -> None:
        output = Output(
            name="score",
            dtype="float32",
            shape=(3,) if task == "multiclass" else (),
            histogram=None if task == "multiclass" else SCORES,
        )
        inputs = {
            "carrier": {"histogram": Histogram(labels=("AA", "UA"), counts=(50, 50))},
            "weekend": {"histogram": Histogram(labels=("false", "true"), counts=(70, 30))},
        }
        write_tiny_model(folder, task, contract={"outputs": (output,)}, inputs=inputs)
        self.release = release
        self.predictor = Predictor(load_model(folder), Start(release, ServingSettings()))
        self.counters = DriftCounters(self.predictor.contract, release)

    def ask(self, rows: Sequence[dict[str, Any]], client: str = "somebody") -> Any:
        CONTEXT.set(RequestContext("id", client))
        scored = self.predictor(Query(len(rows), list(rows)))
        self.counters.scored(scored)
        return scored

    def inputs(self, feature: str, name: str) -> float:
        labels = {"feature": feature, "bin": name, "release": self.release}
        return value("serving_input_bin_total", **labels)

    def signal(self, name: str) -> float:
        return value("serving_suspicious_rows_total", signal=name, release=self.release)
