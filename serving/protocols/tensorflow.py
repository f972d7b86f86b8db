"""TensorFlow Serving's REST protocol, and KServe's v1, which grew out of it.

POST /v1/models/M[/versions/V]:predict    {"instances": […]} → {"predictions": […]}
                                          {"inputs": {…}} → {"outputs": […]}
GET  /v1/models/M[/versions/V]            status; what either server says, in one object
GET  /v1/models/M[/versions/V]/metadata   TensorFlow's signature
GET  /v1/models                           KServe's list

TensorFlow Serving looks at no Content-Type, and its documentation sends none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.contract import SCORE, Contract
from serving.errors import Problem, Refusal
from serving.predict.predictor import Predictor, Query, Scored
from serving.protocols.document import inputs, instances, lenient, mapping
from serving.protocols.protocol import (
    VERSION,
    InfoRoute,
    Message,
    PredictRoute,
    Reply,
    WireProtocol,
    reply,
)
from serving.protocols.tensors import score_shape

EXPECTED = '{"instances": [{…}, …]} or {"inputs": {…}}'
SIGNATURE = "serving_default"
_DTYPES: Mapping[str, str] = {
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "int64": "DT_INT64",
    "bool": "DT_BOOL",
    "string": "DT_STRING",
}


def decode(message: Message, contract: Contract) -> Query:
    document = mapping(lenient(message.body), EXPECTED)
    if ("instances" in document) == ("inputs" in document):
        raise Refusal(422, f"the body must have either instances or inputs: {EXPECTED}")
    signature = document.get("signature_name", SIGNATURE)
    if signature not in (SIGNATURE, ""):
        raise Refusal(422, f"the only signature is {SIGNATURE}")
    if "instances" in document:
        query = instances(document["instances"], contract)
        query.echo = "predictions"
    else:
        query = inputs(document["inputs"], contract)
        query.echo = "outputs"
    query.ignored = len(document.keys() - {"instances", "inputs", "signature_name"})
    return query


def encode(scored: Scored, query: Query, _: Predictor) -> Reply:
    return reply({query.echo: scored.score})


def error(status: int, message: str, _: Sequence[Problem]) -> Reply:
    return reply({"error": message}, 400 if status == 422 else status)


def _status(predictor: Predictor) -> Reply:
    available = {
        "version": VERSION,
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    name = predictor.contract.name
    return reply({"model_version_status": [available], "name": name, "ready": True})


def _metadata(predictor: Predictor) -> Reply:
    contract = predictor.contract
    signature = {
        "inputs": {
            spec.name: _tensor(spec.name, spec.dtype, spec.shape) for spec in contract.inputs
        },
        "outputs": {SCORE: _tensor(SCORE, "float32", score_shape(contract))},
        "method_name": "tensorflow/serving/predict",
    }
    return reply(
        {
            "model_spec": {"name": contract.name, "signature_name": "", "version": VERSION},
            "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}},
        }
    )


def _tensor(name: str, dtype: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """A TensorInfo as protobuf writes it in JSON: 64-bit numbers are strings."""
    sizes = [{"size": str(size), "name": ""} for size in (-1, *shape)]
    return {
        "dtype": _DTYPES[dtype],
        "tensor_shape": {"dim": sizes, "unknown_rank": False},
        "name": f"{name}:0",
    }


def _models(predictor: Predictor) -> Reply:
    return reply({"models": [predictor.contract.name]})


_MODELS = ("/v1/models/{model}", "/v1/models/{model}/versions/{version}")
PROTOCOL = WireProtocol(
    title="TensorFlow Serving and KServe v1",
    error=error,
    home=("/v1/models",),
    predicts=tuple(
        PredictRoute(
            f"{path}:predict",
            decode,
            encode,
            None,
            rows_key="instances",
            rows_echo="predictions",
        )
        for path in _MODELS
    ),
    infos=(
        InfoRoute("/v1/models", _models),
        *(InfoRoute(path, _status) for path in _MODELS),
        *(InfoRoute(f"{path}/metadata", _metadata) for path in _MODELS),
    ),
    root=reply({"status": "alive"}),  # how KServe's client asks whether a v1 server lives
)
