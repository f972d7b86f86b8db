"""The part of an exported graph in front of its trees: inputs → the matrix that they split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper

from pipeline.data.columns import arrays
from pipeline.errors import PipelineError
from pipeline.graph.forest import KINDS, UnfitError
from pipeline.graph.onnx import needed, session_of
from serving.contract import MATRIX, Contract

# Operators whose output has the columns of their input, each made of itself alone.
BY_COLUMN = {
    "Add", "Cast", "Clip", "Div", "Identity", "Imputer", "IsNaN", "Mul", "Reshape", "Scaler",
    "Sub", "Where",
}  # fmt: skip
PROBE = 2  # rows by which the widths of tensors are found


@dataclass(frozen=True)
class Encoder:
    """`content` is a graph with the inputs of the model and one output, the matrix that its one
    operator of trees, `trees`, is given; `owners` is the input by which each column is made."""

    content: bytes
    trees: onnx.NodeProto
    owners: np.ndarray

    def __call__(self, rows: pd.DataFrame, contract: Contract) -> np.ndarray:
        """The matrix of `rows`, which are conformed features: [rows, columns] of float32."""
        matrix: np.ndarray = session_of(self.content).run([MATRIX], _feed(rows, contract))[0]
        return matrix.astype(np.float32)


def cut(content: bytes, rows: pd.DataFrame, contract: Contract) -> Encoder:
    """Cut the graph `content` in front of its trees.

    Raises:
        UnfitError: it has not exactly one operator of trees, or mixes inputs before it.
    """
    model = onnx.load_model_from_string(content)
    trees = [node for node in model.graph.node if node.op_type in KINDS]
    if len(trees) != 1:
        raise UnfitError(f"its graph has {len(trees)} operators of trees, not one")
    source = trees[0].input[0]
    nodes = needed(list(model.graph.node), source)
    shapes = _shapes(
        _with(model, nodes, {n for node in nodes for n in node.output}), rows, contract
    )
    inputs = {spec.name: index for index, spec in enumerate(contract.inputs)}
    owners = _Owners({n: node for node in nodes for n in node.output}, shapes, inputs).of(source)
    if shapes[source][1] == np.float64:
        raise UnfitError("its trees compare in double precision")
    exit_ = helper.make_node("Identity", [source], [MATRIX])
    graph = _with(model, [*nodes, exit_], {MATRIX})
    return Encoder(graph.SerializeToString(deterministic=True), trees[0], np.array(owners))


def _with(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], outputs: set[str]
) -> onnx.ModelProto:
    """`model` with these nodes and outputs alone."""
    used = {name for node in nodes for name in node.input}
    described = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", None])
        if name == MATRIX
        else onnx.ValueInfoProto(name=name)
        for name in sorted(outputs)
    ]
    constants = [c for c in model.graph.initializer if c.name in used]
    graph = helper.make_graph(nodes, "encoder", list(model.graph.input), described, constants)
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    return helper.make_model(graph, opset_imports=opsets, ir_version=model.ir_version)


def _feed(rows: pd.DataFrame, contract: Contract) -> dict[str, np.ndarray]:
    return {name: array.reshape(-1, 1) for name, array in arrays(rows, contract).items()}


def _shapes(
    graph: onnx.ModelProto, rows: pd.DataFrame, contract: Contract
) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    names = [output.name for output in graph.graph.output]
    try:
        session = session_of(graph.SerializeToString())
    except PipelineError as error:
        raise UnfitError(f"its graph cannot be taken apart: {error.__cause__}") from error
    outputs = session.run(names, _feed(rows.head(PROBE), contract))
    arrays = zip(names, map(np.asarray, outputs), strict=True)
    return {name: (array.shape, array.dtype) for name, array in arrays}


@dataclass(frozen=True)
class _Owners:
    """Which input makes each column of a tensor. `nodes` by output, `inputs` by name."""

    nodes: Mapping[str, onnx.NodeProto]
    shapes: Mapping[str, tuple[tuple[int, ...], np.dtype]]
    inputs: Mapping[str, int]

    def of(self, name: str) -> list[int]:
        """UnfitError where a column is made of several inputs."""
        sources = self._sources(name)
        if len(sources) < 2:
            width = self._width(name)
            return [self.inputs[sources.pop()] if sources else 0] * width  # 0: it never varies
        node = self.nodes[name]
        if node.op_type == "Concat":
            axis = helper.get_attribute_value(node.attribute[0])
            if axis in (1, -1):
                return [owner for part in node.input for owner in self.of(part)]
        if node.op_type in BY_COLUMN:
            parts = [self.of(part) for part in node.input if self._sources(part)]
            if all(part == parts[0] and len(part) == self._width(name) for part in parts):
                return parts[0]
        raise UnfitError(
            "a step in front of the trees makes one column of several inputs (the graph's "
            f"operator {node.op_type}), so a split belongs to no input alone; one column a feature "
            "in that step, or the step in model.load, mends it"
        )

    def _width(self, name: str) -> int:
        if name in self.inputs:
            return 1
        shape, _ = self.shapes[name]
        return shape[1] if len(shape) == 2 else 1

    def _sources(self, name: str) -> set[str]:
        if name in self.inputs:
            return {name}
        node = self.nodes.get(name)
        return set().union(*map(self._sources, node.input)) if node is not None else set()
