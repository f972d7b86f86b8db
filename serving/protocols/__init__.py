"""The protocols that clients of other servers already speak, one module each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from serving.protocols import mlflow, native, sagemaker, tensorflow, torchserve, v2, vertex
from serving.protocols.dialect import Dialect
from serving.settings.service import ProtocolName, Start

# In this order: where two share a path, the first answers, and its answer serves both. So
# SageMaker, whose /invocations takes all that MLflow's takes, comes before it, and a Vertex
# model that is deployed with the route /predict is answered by the native one.
_DIALECTS: Mapping[ProtocolName, Callable[[Start], Dialect]] = {
    "native": lambda _: native.DIALECT,
    "v2": lambda _: v2.DIALECT,
    "sagemaker": lambda _: sagemaker.DIALECT,
    "mlflow": lambda _: mlflow.DIALECT,
    "tensorflow": lambda _: tensorflow.DIALECT,
    "torchserve": lambda _: torchserve.DIALECT,
    "vertex": lambda start: vertex.dialect(start.vertex_predict, start.vertex_health),
}


def spoken(start: Start) -> list[Dialect]:
    """The protocols that an instance is started with."""
    chosen = start.settings.protocols
    return [make(start) for name, make in _DIALECTS.items() if name in chosen]
