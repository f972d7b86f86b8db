"""Open Inference Protocol v2, as KServe, Triton, MLServer and TorchServe speak it.

GET  /v2, /v2/health/live, /v2/health/ready
GET  /v2/models/M[/versions/V], /v2/models/M[/versions/V]/ready
POST /v2/models/M[/versions/V]/infer

Each input of the contract is a tensor [rows] or [rows, *shape], each tensor in JSON or in the
binary extension, both ways. Outputs are `score` and, for classes, `decision`. NaN and null are
a missing value. M is the contract's name; V the release, or "1".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.contract import SCORE, Contract
from serving.errors import Problem, Refusal
from serving.predict.predictor import Predictor, Query, Scored
from serving.protocols import tensors
from serving.protocols.document import mapping, strict
from serving.protocols.protocol import (
    JSON,
    VERSION,
    InfoRoute,
    Message,
    PredictRoute,
    Reply,
    WireProtocol,
    always,
    reply,
)

HEADER = "Inference-Header-Content-Length"
BINARY = "application/octet-stream"
DECISION = "decision"
PLATFORMS = {"onnx": "onnxruntime_onnx", "python": "python"}
EXPECTED = '{"inputs": [{"name": …, "shape": […], "datatype": …, "data": […]}, …]}'


def decode(message: Message, contract: Contract) -> Query:
    head, blob = _parts(message)
    document = mapping(strict(head), EXPECTED)
    given = document.get("inputs")
    if type(given) is not list or not all(type(tensor) is dict for tensor in given):
        raise Refusal(422, f'"inputs" must be a list of tensors: {EXPECTED}')
    columns, count = tensors.read(given, blob, contract)
    request_id = document.get("id", "")
    if type(request_id) is not str:
        raise Refusal(422, '"id" must be a string')
    return Query(count, columns=columns, echo=(request_id, _wanted(document, contract)))


def _parts(message: Message) -> tuple[bytes, memoryview]:
    """The JSON of a request and the bytes behind it."""
    declared = message.headers.get(HEADER)
    if declared is None:
        return message.body, memoryview(b"")
    length = int(declared) if declared.isdecimal() and len(declared) < 20 else -1
    if not 0 <= length <= len(message.body):
        raise Refusal(422, f"{HEADER} is {declared[:40]!r}, the body has {len(message.body)} bytes")
    return message.body[:length], memoryview(message.body)[length:]


def _wanted(document: dict[str, Any], contract: Contract) -> dict[str, bool]:
    """Output → whether it is sent as bytes; in the order in which they were asked for."""
    every = _switch(document, "binary_data_output", False)
    names = [SCORE] if contract.classes is None else [SCORE, DECISION]
    outputs = document.get("outputs")
    if outputs is None or outputs == []:
        return dict.fromkeys(names, every)
    if type(outputs) is not list:
        raise Refusal(422, '"outputs" must be a list of {"name": …}')
    wanted = {}
    for output in outputs:
        name = output.get("name") if type(output) is dict else None
        if type(name) is not str or name not in names:
            shown = repr(name[:60]) if type(name) is str else "none"
            raise Refusal(422, f"no output is called {shown}; there are {', '.join(names)}")
        wanted[name] = _switch(output, "binary_data", every)
    return wanted


def _switch(holder: dict[str, Any], key: str, default: bool) -> bool:
    parameters = holder.get("parameters", {})
    value = parameters.get(key, default) if type(parameters) is dict else None
    if type(value) is not bool:
        raise Refusal(422, f'"parameters" must be an object in which "{key}" is true or false')
    return value


def encode(scored: Scored, query: Query, predictor: Predictor) -> Reply:
    request_id, wanted = query.echo
    blobs: list[bytes] = []
    outputs = []
    for name, binary in wanted.items():
        values = scored.score if name == SCORE else predictor.decide(scored.score)
        outputs.append(tensors.write(name, values, blobs if binary else None))
    answer = {
        "model_name": predictor.contract.name,
        "model_version": predictor.release,
        "outputs": outputs,
    }
    if request_id:
        answer["id"] = request_id
    head = reply(answer)
    if blobs:
        headers = {HEADER: str(len(head.body))}
        return Reply(b"".join([head.body, *blobs]), BINARY, headers)
    return head


def error(status: int, message: str, _: Sequence[Problem]) -> Reply:
    return reply({"error": message}, 400 if status == 422 else status)


def _server(predictor: Predictor) -> Reply:
    return reply(
        {
            "name": predictor.contract.name,
            "version": predictor.release,
            "extensions": ["binary_tensor_data"],
        }
    )


def _model(predictor: Predictor) -> Reply:
    contract = predictor.contract
    outputs = [tensors.describe(SCORE, "float32", tensors.score_shape(contract))]
    if contract.classes is not None:
        outputs.append(tensors.describe(DECISION, "string", ()))
    return reply(
        {
            "name": contract.name,
            "versions": [VERSION, predictor.release],
            "platform": PLATFORMS[contract.runtime],
            "inputs": [
                tensors.describe(spec.name, spec.dtype, spec.shape) for spec in contract.inputs
            ],
            "outputs": outputs,
        }
    )


def _ready(predictor: Predictor) -> Reply:
    return reply({"name": predictor.contract.name, "ready": True})


_MODELS = ("/v2/models/{model}", "/v2/models/{model}/versions/{version}")
PROTOCOL = WireProtocol(
    title="Open Inference Protocol v2",
    error=error,
    home=("/v2",),
    predicts=tuple(
        PredictRoute(f"{path}/infer", decode, encode, JSON | {BINARY}) for path in _MODELS
    ),
    infos=(
        InfoRoute("/v2", _server),
        InfoRoute("/v2/health/live", always({"live": True})),
        InfoRoute("/v2/health/ready", always({"ready": True}), readiness=True),
        *(InfoRoute(path, _model) for path in _MODELS),
        *(InfoRoute(f"{path}/ready", _ready, readiness=True) for path in _MODELS),
    ),
)
