"""What other hardware pays for: one graph on each provider of ONNX Runtime that a machine has.

    python -m bench.hardware MODEL_FOLDER

Sessions are those of the service (`serving.model.compute`). It needs `serving`, NumPy and `onnx`
alone, so that it also runs on a borrowed machine. It prints a table, of which
docs/serving.md has a part.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from serving.contract import EXAMPLES, MODEL, Contract, read_contract
from serving.model.compute import open_session, providers_of
from serving.rows.column import Array
from serving.settings.policy import Compute

ROWS = (1, 32, 1_000, 10_000)
ROUNDS = 7  # each asks every session in turn
SECONDS = 0.15  # of one session in one round
ENOUGH = 1_000.0  # ms: a call that takes longer is measured once
INPUTS = 64  # of a perceptron
PERCEPTRONS = {"2 layers of 256": (256, 2), "2 layers of 2,048": (2_048, 2),
               "4 layers of 4,096": (4_096, 4)}  # fmt: skip
Columns = Mapping[str, Array]


def perceptron(width: int, layers: int) -> bytes:
    """An ONNX graph x [rows, INPUTS] → score [rows], dense float32 layers with ReLU."""
    random = np.random.default_rng(0)
    nodes, weights, last, size = [], [], "x", INPUTS
    for layer in range(layers):
        kernel = random.normal(0, size**-0.5, (size, width)).astype("float32")
        weights.append(numpy_helper.from_array(kernel, f"w{layer}"))
        nodes += [
            helper.make_node("MatMul", [last, f"w{layer}"], [f"m{layer}"]),
            helper.make_node("Relu", [f"m{layer}"], [f"h{layer}"]),
        ]
        last, size = f"h{layer}", width
    weights.append(numpy_helper.from_array(random.normal(0, 0.1, size).astype("float32"), "w"))
    nodes += [
        helper.make_node("MatMul", [last, "w"], ["raw"]),
        helper.make_node("Sigmoid", ["raw"], ["score"]),
    ]
    graph = helper.make_graph(
        nodes,
        "perceptron",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, INPUTS])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    made: bytes = model.SerializeToString()
    return made


def columns_of(folder: Path, session: ort.InferenceSession, rows: int) -> Columns:
    """The rows of the folder's examples, over and over, as the graph takes them."""
    contract: Contract = read_contract(folder)
    lines = (folder / EXAMPLES).read_text(encoding="utf-8").splitlines()
    instances = [json.loads(line)["instance"] for line in lines]
    shapes = {node.name: len(node.shape) for node in session.get_inputs()}
    columns: dict[str, Array] = {}
    for spec in contract.inputs:
        values = [instance.get(spec.name) for instance in instances]
        kind, blank = ("object", "") if spec.dtype == "string" else (spec.dtype, np.nan)
        filled = np.array([blank if one is None else one for one in values], dtype=kind)
        column = np.resize(filled, rows)
        columns[spec.name] = column.reshape(-1, 1) if shapes[spec.name] == 2 else column
    return columns


def computes() -> dict[str, Compute]:
    """The CPU with one thread and with all, and what else is there."""
    cores = len(os.sched_getaffinity(0))
    found = {
        "CPU, 1 thread": Compute(providers=("cpu",)),
        f"CPU, {cores} threads": Compute(providers=("cpu",), threads=min(cores, 256)),
    }
    if "CUDAExecutionProvider" in ort.get_available_providers():
        found["CUDA"] = Compute(providers=("cuda", "cpu"), required=True)
    return found


def measure(name: str, file: Path, folder: Path | None) -> list[str]:
    """A line of the table for each number of rows. `apart` is the largest difference between a
    score of the first session and one of the last."""
    sessions = [open_session(file, compute) for compute in computes().values()]
    lines = []
    for rows in ROWS:
        feeds = _feeds(sessions[0], folder, rows)
        scores = [np.asarray(session.run(None, dict(feeds))[0], float) for session in sessions]
        apart = float(np.max(np.abs(scores[-1] - scores[0])))
        times: list[list[float]] = [[] for _ in sessions]
        for _ in range(ROUNDS):
            for known, session in zip(times, sessions, strict=True):
                if not known or known[0] < ENOUGH:
                    known.append(_milliseconds(session, feeds))
        shown = " | ".join(f"{statistics.median(known):.3f}" for known in times)
        lines.append(f"| {name} | {rows:,} | {shown} | {apart:.0e} |")
    return lines


def _feeds(session: ort.InferenceSession, folder: Path | None, rows: int) -> Columns:
    if folder is not None:
        return columns_of(folder, session, rows)
    return {"x": np.random.default_rng(1).normal(size=(rows, INPUTS)).astype("float32")}


def _milliseconds(session: ort.InferenceSession, feeds: Columns) -> float:
    calls, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < SECONDS or calls == 0:
        session.run(None, dict(feeds))
        calls += 1
    return spent / calls * 1000


def main(arguments: Sequence[str]) -> None:
    folder = Path(arguments[0])
    used = [providers_of(open_session(folder / MODEL, one)) for one in computes().values()]
    print(f"ONNX Runtime {ort.__version__}; providers {used[-1]}")
    print(f"| model | rows | {' | '.join(f'{name}, ms' for name in computes())} | apart |")
    print("|---|---|" + "---|" * (len(computes()) + 1))
    print("\n".join(measure("the trees of the example", folder / MODEL, folder)), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, (width, layers) in PERCEPTRONS.items():
            file = Path(scratch) / "perceptron.onnx"
            file.write_bytes(perceptron(width, layers))
            print("\n".join(measure(f"perceptron, {name}", file, None)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
