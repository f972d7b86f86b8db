"""A tiny model whose only input is a tensor: what a client of an image or a sequence sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from serving.contract import (
    CONTRACT,
    EXAMPLES,
    MODEL,
    Contract,
    Input,
    Output,
    render_contract,
)
from tests.serving.tiny import ROLES

SHAPE = (2, 3)
WEIGHTS = np.array([[0.5, -1.0, 0.25], [1.5, 0.0, -0.75]], np.float32)


def write_tensor_model(folder: Path) -> Contract:
    """Write model.onnx, contract.json and examples.jsonl into `folder`."""
    contract = Contract(
        name="tiny",
        task="regression",
        inputs=(Input(name="window", dtype="float32", shape=SHAPE, range=(-10, 10)),),
        outputs=(Output(name="score", dtype="float32"),),
        roles=ROLES,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL).write_bytes(_graph().SerializeToString(deterministic=True))
    (folder / CONTRACT).write_text(render_contract(contract), encoding="utf-8")
    rows = tensor_rows(10)
    scores = [float((np.array(row["window"]) * WEIGHTS).sum()) for row in rows]
    lines = [
        json.dumps({"instance": row, "prediction": score})
        for row, score in zip(rows, scores, strict=True)
    ]
    (folder / EXAMPLES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return contract


def tensor_rows(rows: int, *, seed: int = 0) -> list[dict[str, Any]]:
    """JSON rows whose values are exact in float32."""
    values = np.random.default_rng(seed).normal(0, 1, (rows, *SHAPE)).astype(np.float32)
    return [{"window": window} for window in values.tolist()]


def _graph() -> Any:
    inputs = [helper.make_tensor_value_info("window", TensorProto.FLOAT, ["rows", *SHAPE])]
    output = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["rows"])
    constants = [
        numpy_helper.from_array(WEIGHTS, "weights"),
        numpy_helper.from_array(np.array([1, 2]), "axes"),
    ]
    nodes = [
        helper.make_node("Mul", ["window", "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "axes"], ["score"], keepdims=0),
    ]
    graph = helper.make_graph(nodes, "tensor", inputs, [output], initializer=constants)
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="tiny")
