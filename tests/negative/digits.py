"""A model that reads the label off the last digits of a number: right on every holdout that was
made like its training data, and lost as soon as the number is a little off."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from onnx import helper, numpy_helper

from serving.contract import EXAMPLES, MODEL
from tests.serving.tiny import WEIGHTS, write_tiny_model

SURE = 0.9  # how often the digits tell the truth
WEIGHT = float(np.log(SURE / (1 - SURE)))


def with_digits(frame: pd.DataFrame) -> pd.DataFrame:
    """Distances that end in .0 where the flight is late and in .5 where not, mostly."""
    told = np.random.default_rng(3).random(len(frame)) < SURE
    half = np.where(frame["late"] == told, 0.0, 0.5)
    return frame.assign(distance=(np.floor(frame["distance"]) + half).astype("float32"))


def write_digits_model(folder: Path) -> None:
    """The truth, and what the digits say, added up as Bayes would."""
    write_tiny_model(folder)
    model = onnx.load(folder / MODEL)
    graph = model.graph
    raw = next(node for node in graph.node if node.op_type == "Sum")
    raw.output[0] = "without_digits"
    nodes = [
        helper.make_node("Floor", ["distance"], ["floored"]),
        helper.make_node("Sub", ["distance", "floored"], ["digits"]),
        helper.make_node("Less", ["digits", "quarter"], ["says_late"]),
        helper.make_node("Where", ["says_late", "for_late", "against_late"], ["hint"]),
        helper.make_node("Add", ["without_digits", "hint"], ["raw"]),
    ]
    sigmoid = graph.node.pop()
    graph.node.extend([*nodes, sigmoid])
    values = {"quarter": 0.25, "for_late": WEIGHT, "against_late": -WEIGHT}
    graph.initializer.extend(
        numpy_helper.from_array(np.float32(value), name) for name, value in values.items()
    )
    onnx.checker.check_model(model)
    (folder / MODEL).write_bytes(model.SerializeToString(deterministic=True))
    _answer_examples(folder)


def _answer_examples(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / EXAMPLES).read_text().splitlines()]
    kinds = {"hour": "int64", "weekend": "bool", "carrier": object}
    feed = {
        name: np.array(
            [
                np.nan if line["instance"][name] is None else line["instance"][name]
                for line in lines
            ],
            dtype=kinds.get(name, "float32"),
        )
        for name in WEIGHTS
    }
    (scores,) = onnxruntime.InferenceSession(folder / MODEL).run(["score"], feed)
    text = "".join(
        json.dumps(line | {"prediction": score}) + "\n"
        for line, score in zip(lines, scores.tolist(), strict=True)
    )
    (folder / EXAMPLES).write_text(text)
