"""The protocols that clients of other servers already speak, one module each."""

from __future__ import annotations

from collections.abc import Mapping

from serving.protocols import mlflow, native, v2
from serving.protocols.dialect import Dialect
from serving.settings import ProtocolName

# In this order: where two share a path, the first answers, and its answer serves both.
DIALECTS: Mapping[ProtocolName, Dialect] = {
    "native": native.DIALECT,
    "v2": v2.DIALECT,
    "mlflow": mlflow.DIALECT,
}
