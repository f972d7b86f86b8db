"""The model as every contestant but ours runs it: rows → numpy columns → ONNX Runtime.

No validation. One thread, as in the service, since each contestant has one core.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

DTYPES = {"float32": np.float32, "float64": np.float64, "int64": np.int64, "bool": np.bool_}


def read_inputs(folder: Path) -> list[dict[str, Any]]:
    """The inputs of the contract in `folder`."""
    inputs: list[dict[str, Any]] = json.loads((folder / "contract.json").read_text())["inputs"]
    return inputs


class Scorer:
    """Scores rows with the graph in `folder`: float32, [rows, …]."""

    def __init__(self, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(folder / "model.onnx", options)
        # A shape of [rows, 1] where the graph wants it; strings are objects for ONNX Runtime.
        extra = {node.name: len(node.shape) - 1 for node in self._session.get_inputs()}
        self._columns = [
            (
                spec["name"],
                DTYPES.get(spec["dtype"], np.object_),
                (1,) * extra[spec["name"]],
            )
            for spec in read_inputs(folder)
        ]

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
        return self.run(self.feeds(rows))

    def feeds(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
        """What the graph takes, of rows."""
        return self.shaped({name: [row[name] for row in rows] for name, _, _ in self._columns})

    def shaped(self, columns: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The same of columns."""
        return {
            name: np.asarray(columns[name], dtype).reshape((-1, *extra))
            for name, dtype, extra in self._columns
        }

    def run(self, feeds: Mapping[str, np.ndarray]) -> np.ndarray:
        score: np.ndarray = self._session.run(["score"], feeds)[0]
        return score
