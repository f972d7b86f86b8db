"""The protocols that clients of other servers already speak, one module each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from serving.protocols import mlflow, native, sagemaker, tensorflow, torchserve, v2, vertex
from serving.protocols.protocol import WireProtocol
from serving.settings.service import ProtocolName, Start

# In this order: where two share a path, the first answers, and its answer serves both. So
# SageMaker, whose /invocations takes all that MLflow's takes, comes before it, and a Vertex
# model that is deployed with the route /predict is answered by the native one.
_PROTOCOLS: Mapping[ProtocolName, Callable[[Start], WireProtocol]] = {
    "native": lambda _: native.PROTOCOL,
    "v2": lambda _: v2.PROTOCOL,
    "sagemaker": lambda _: sagemaker.PROTOCOL,
    "mlflow": lambda _: mlflow.PROTOCOL,
    "tensorflow": lambda _: tensorflow.PROTOCOL,
    "torchserve": lambda _: torchserve.PROTOCOL,
    "vertex": lambda start: vertex.protocol(start.vertex_predict, start.vertex_health),
}


def protocols_of(start: Start) -> list[WireProtocol]:
    """The protocols that an instance is started with."""
    chosen = start.settings.protocols
    return [make(start) for name, make in _PROTOCOLS.items() if name in chosen]
