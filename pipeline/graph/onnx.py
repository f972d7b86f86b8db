"""Convert a trained model to ONNX and give the graph the form that a contract promises.

One input per feature, [rows, 1], named as the feature; one output `score`, float32: [rows] for
binary and regression, [rows, classes] for multiclass.
"""

from __future__ import annotations

from typing import Any

import onnx
import onnxruntime
import pandas as pd
from onnx import TensorProto, helper
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, NotImplemented
from sklearn.compose import ColumnTransformer

from pipeline.data.columns import arrays
from pipeline.errors import PipelineError
from serving.contract import SCORE, Contract, Input

OPSETS = {"": 18, "ai.onnx.ml": 3}
WIRE = {  # what a request carries
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}
PREFIX = "model/"
MATRIX = "matrix"


def convert(model: Any, contract: Contract) -> onnx.ModelProto:
    """The ONNX form of `model`.

    Raises:
        PipelineError: no converter knows the model or one of its steps.
    """
    by_name = takes_columns(model)
    if not by_name and (text := [i.name for i in contract.inputs if i.dtype == "string"]):
        raise _unknown(model, f"it is given text ({text[0]!r}) without a ColumnTransformer")
    converted = _skl2onnx(model, contract.inputs, by_name=by_name)
    graph = onnx.compose.add_prefix(converted, PREFIX).graph
    entrance = _columns if by_name else _matrix
    nodes = entrance(contract.inputs, list(graph.input)) + list(graph.node)
    nodes += _exit(graph, contract)
    inputs = [
        helper.make_tensor_value_info(i.name, WIRE[i.dtype], ["rows", 1]) for i in contract.inputs
    ]
    shape: list[str | int | None] = ["rows", *contract.outputs[0].shape]
    output = helper.make_tensor_value_info(SCORE, TensorProto.FLOAT, shape)
    kept = needed(nodes, SCORE)
    used = {name for node in kept for name in node.input}
    constants = [c for c in graph.initializer if c.name in used]
    body = helper.make_graph(kept, contract.name, inputs, [output], constants)
    # In a fixed order: skl2onnx keeps them in a set, and the same model must give the same bytes.
    opsets = sorted(converted.opset_import, key=lambda opset: opset.domain)
    result = helper.make_model(body, opset_imports=opsets)
    result.ir_version = converted.ir_version
    onnx.checker.check_model(result)
    return result


def takes_columns(model: Any) -> bool:
    """Whether the model picks columns by name, as a ColumnTransformer does."""
    if isinstance(model, ColumnTransformer):
        return True
    steps = [step for _, step in getattr(model, "steps", [])]
    steps += [step for _, step in getattr(model, "transformer_list", [])]
    inner = [getattr(model, name, None) for name in ("estimator", "regressor")]
    return any(takes_columns(step) for step in steps + [i for i in inner if i is not None])


def predict(session: onnxruntime.InferenceSession, rows: pd.DataFrame, contract: Contract) -> Any:
    """The exported model's scores of `rows`, which are conformed features."""
    feed = {name: array.reshape(-1, 1) for name, array in arrays(rows, contract).items()}
    return session.run([SCORE], feed)[0]


def session_of(model: bytes) -> onnxruntime.InferenceSession:
    """A session on one thread.

    Raises:
        PipelineError: ONNX Runtime has no implementation of one of its operators.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (NotImplemented, InvalidGraph, Fail) as error:
        reason = " ".join(str(error).split())
        raise PipelineError(
            f"ONNX Runtime cannot run the exported model: {reason}. Use other steps in model.fit "
            "(docs/model.md lists what works) and run `dvc repro`."
        ) from error


def _skl2onnx(model: Any, inputs: tuple[Input, ...], *, by_name: bool) -> onnx.ModelProto:
    from skl2onnx import to_onnx
    from skl2onnx.common import data_types as kinds

    from pipeline.graph.converters import register

    register()
    options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else {}
    failed: PipelineError | None = None
    # Encoders want whole numbers as they are; other steps cannot take them beside floats.
    for integer in (kinds.Int64TensorType, kinds.FloatTensorType):
        of = {"float32": kinds.FloatTensorType, "string": kinds.StringTensorType}
        types = [(i.name, of.get(i.dtype, integer)([None, 1])) for i in inputs]
        if not by_name:
            types = [(MATRIX, kinds.FloatTensorType([None, len(inputs)]))]
        try:
            made: onnx.ModelProto = to_onnx(
                model, initial_types=types, options=options, target_opset=OPSETS, name="model"
            )
            return made
        except Exception as error:  # converters raise anything; it becomes a PipelineError
            failed = _unknown(model, " ".join(str(error).split())[:300])
            failed.__cause__ = error
    raise failed or _unknown(model, "no types were tried")


def _columns(
    inputs: tuple[Input, ...], expected: list[onnx.ValueInfoProto]
) -> list[onnx.NodeProto]:
    """One column per feature: what a request carries → what skl2onnx was told to expect.

    skl2onnx renames what is not an identifier, and keeps the order.
    """
    return [
        helper.make_node("Cast", [i.name], [value.name], to=value.type.tensor_type.elem_type)
        for i, value in zip(inputs, expected, strict=True)
    ]


def _matrix(inputs: tuple[Input, ...], expected: list[onnx.ValueInfoProto]) -> list[onnx.NodeProto]:
    """All features side by side in one matrix."""
    matrix = expected[0]
    to = matrix.type.tensor_type.elem_type
    parts = [f"number/{i.name}" for i in inputs]
    nodes = [
        helper.make_node("Cast", [i.name], [part], to=to)
        for i, part in zip(inputs, parts, strict=True)
    ]
    return [*nodes, helper.make_node("Concat", parts, [matrix.name], axis=1)]


def _exit(graph: onnx.GraphProto, contract: Contract) -> list[onnx.NodeProto]:
    """From the last output of skl2onnx (probabilities, or the value) to `score`."""
    last = graph.output[-1].name
    cast = helper.make_node("Cast", [last], ["exit/float"], to=TensorProto.FLOAT)
    if contract.task == "multiclass":
        return [cast, helper.make_node("Identity", ["exit/float"], [SCORE])]
    place = 1 if contract.task == "binary" else 0
    column = helper.make_node(
        "Constant",
        [],
        ["exit/place"],
        value=helper.make_tensor("place", TensorProto.INT64, [], [place]),
    )
    flat = "exit/float"
    nodes = [cast, column]
    if contract.task == "regression":  # [rows] or [rows, 1], by converter
        to_column = helper.make_tensor("column", TensorProto.INT64, [2], [-1, 1])
        nodes.append(helper.make_node("Constant", [], ["exit/column"], value=to_column))
        nodes.append(helper.make_node("Reshape", [flat, "exit/column"], ["exit/values"]))
        flat = "exit/values"
    return [*nodes, helper.make_node("Gather", [flat, "exit/place"], [SCORE], axis=1)]


def needed(nodes: list[onnx.NodeProto], output: str) -> list[onnx.NodeProto]:
    """The nodes that `output` depends on, in order."""
    wanted, kept = {output}, []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    return kept[::-1]


def _unknown(model: Any, reason: str) -> PipelineError:
    steps = [type(step).__name__ for _, step in getattr(model, "steps", [])]
    name = " → ".join(steps) or type(model).__name__
    return PipelineError(
        f"the model ({name}) cannot be converted to ONNX: {reason}. Use steps that skl2onnx knows "
        "(scikit-learn's own, LightGBM) in model.fit, or move the unknown step into model.load; "
        "docs/model.md lists what works. Then run `dvc repro`."
    )
