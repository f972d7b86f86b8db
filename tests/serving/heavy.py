"""Tiny models that answer the same and take more for it: time in a graph, memory in a predictor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from serving.contract import MODEL, PREDICTOR
from tests.serving.tiny import write_tiny_model
from tests.serving.tiny_predictor import write_predictor

DEPTH = 5_000  # operators, each some microseconds
HELD = "\nTABLE = np.ones(40_000_000)  # 320 MB that nobody needs\n"


def slow(folder: Path) -> None:
    """Takes the sine of the sine of … and counts it for nothing."""
    write_tiny_model(folder)
    model = onnx.load(folder / MODEL)
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(np.float32(0).reshape(()), "nothing"))
    last = next(node for node in graph.node if "score" in node.output)
    position = list(graph.node).index(last)
    names = ["raw", *(f"sine{i}" for i in range(DEPTH))]
    added = [helper.make_node("Sin", [names[i]], [names[i + 1]]) for i in range(DEPTH)]
    added += [
        helper.make_node("Mul", [names[-1], "nothing"], ["none"]),
        helper.make_node("Add", ["raw", "none"], ["raw_all_the_same"]),
    ]
    for node in reversed(added):
        graph.node.insert(position, node)
    last.input[0] = "raw_all_the_same"
    (folder / MODEL).write_bytes(model.SerializeToString(deterministic=True))


def hungry(folder: Path) -> None:
    """Holds a large table from its start on."""
    write_predictor(folder)
    code = folder / PREDICTOR / "__init__.py"
    code.write_text(code.read_text(encoding="utf-8") + HELD, encoding="utf-8")
