"""Small ONNX models with a contract and examples: what tests serve, judge and deploy.

The truth is known: `tiny_frame` draws rows and labels from `WEIGHTS`; a model that is written
with `noise` or other `weights` is worse by as much as one likes. Examples come from a numpy
implementation in float64 ("the trained model"), not from the graph, so parity means something.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper

from serving.contract import (
    BEHAVIOURS,
    CONTRACT,
    EXAMPLES,
    EXPLAINER,
    MODEL,
    Contract,
    Explanation,
    Histogram,
    Input,
    Link,
    Output,
    Roles,
    Task,
    render,
    render_contract,
)

CARRIERS = {"AA": -0.8, "DL": 0.0, "UA": 0.9}
UNKNOWN_CARRIER = 0.2
WEIGHTS = {"distance": 0.9, "wind": 1.4, "hour": -1.1, "weekend": 0.7, "carrier": 1.0}
CENTRES = {"distance": (1000.0, 500.0), "wind": (10.0, 5.0), "hour": (12.0, 6.0)}
# At the centre of everything: nothing but the carrier adds to its raw sum.
REFERENCE = {"distance": 1000.0, "wind": 10.0, "hour": 12, "weekend": False, "carrier": "DL"}
CLASSES: dict[str, tuple[str, ...] | None] = {
    "binary": ("False", "True"),
    "multiclass": ("early", "on time", "late"),
    "regression": None,
}
# One column of coefficients per class; the binary and the regression score use the last.
LEANING = np.array([-1.0, 0.1, 1.0])
ROLES = Roles(label="late", row_id="id", timestamp="when", cluster="day", segments=("carrier",))


@dataclass(frozen=True)
class Variation:
    """How a tiny model differs from the truth.

    `weights` replaces some of WEIGHTS; `noise` adds normal deviates of that size to each,
    drawn with `seed`. `contract` and `inputs` (by input name) replace fields of the contract;
    `behaviours` are declared beside it.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    noise: float = 0.0
    seed: int = 0
    examples: int = 60
    contract: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    behaviours: Sequence[Mapping[str, Any]] = ()

    def resolved(self) -> dict[str, float]:
        deviates = np.random.default_rng(self.seed).normal(0, self.noise, len(WEIGHTS))
        weights = WEIGHTS | dict(self.weights)
        return {name: weights[name] + deviates[i] for i, name in enumerate(WEIGHTS)}


def write_tiny_model(folder: Path, task: Task = "binary", **variations: Any) -> Contract:
    """Write model.onnx, contract.json, examples.jsonl and explainer.json into `folder` (see
    Variation)."""
    variation = Variation(**variations)
    weights = variation.resolved()
    contract = tiny_contract(task, variation)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL).write_bytes(tiny_graph(task, weights).SerializeToString(deterministic=True))
    (folder / CONTRACT).write_text(render_contract(contract), encoding="utf-8")
    rows = tiny_frame(variation.examples, seed=variation.seed + 1, task=task)
    scores = tiny_scores(rows, weights, task)
    lines = [
        json.dumps({"instance": instance, "prediction": score})
        for instance, score in zip(tiny_instances(rows), scores.tolist(), strict=True)
    ]
    (folder / EXAMPLES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    if variation.behaviours:
        declared = "".join(f"{json.dumps(dict(one))}\n" for one in variation.behaviours)
        (folder / BEHAVIOURS).write_text(declared, encoding="utf-8")
    link: Link = "logistic" if task == "binary" else "identity"
    how = Explanation(method="sampling", link=link, reference=REFERENCE)
    (folder / EXPLAINER).write_text(render(how), encoding="utf-8")
    return contract


def tiny_contract(task: Task = "binary", variation: Variation | None = None) -> Contract:
    """The contract of a tiny model: float, nullable float, int, bool and string inputs."""
    variation = variation or Variation()
    declared: dict[str, dict[str, Any]] = {
        "distance": {"dtype": "float32", "unit": "mi", "range": (0.0, 10_000.0)},
        "wind": {"dtype": "float32", "unit": "kn", "nullable": True, "histogram": WIND_HISTOGRAM},
        "hour": {"dtype": "int64", "range": (0, 23), "description": "local hour of departure"},
        "weekend": {"dtype": "bool"},
        "carrier": {"dtype": "string", "categories": tuple(CARRIERS)},
    }
    inputs = tuple(
        Input(name=name, **(fields | dict(variation.inputs.get(name, {}))))
        for name, fields in declared.items()
    )
    shape = (3,) if task == "multiclass" else ()
    fields: dict[str, Any] = {
        "name": "tiny",
        "task": task,
        "inputs": inputs,
        "outputs": (Output(name="score", dtype="float32", shape=shape),),
        "classes": CLASSES[task],
        "threshold": 0.5 if task == "binary" else None,
        "roles": ROLES,
        "trained_until": "2013-06-30",
    }
    return Contract(**(fields | dict(variation.contract)))


WIND_HISTOGRAM = Histogram(edges=(0.0, 5.0, 10.0, 40.0), counts=(300, 400, 250), missing=50)


def tiny_frame(rows: int, *, seed: int = 0, task: Task = "binary") -> pd.DataFrame:
    """Rows with features, roles and a label drawn from the true model; 25 rows a day."""
    random = np.random.default_rng(seed)
    day = np.arange(rows) // 25
    frame = pd.DataFrame(
        {
            "distance": np.clip(random.normal(1000, 500, rows), 0, 5000).astype("float32"),
            "wind": np.clip(random.normal(10, 5, rows), 0, 40).astype("float32"),
            "hour": random.integers(5, 24, rows),
            "weekend": day % 7 >= 5,
            "carrier": random.choice(list(CARRIERS), rows),
            "id": [f"{seed}-{i}" for i in range(rows)],
            "when": pd.Timestamp("2013-07-01") + pd.to_timedelta(day, unit="D"),
            "day": (pd.Timestamp("2013-07-01") + pd.to_timedelta(day, unit="D")).strftime(
                "%Y-%m-%d"
            ),
        }
    )
    frame.loc[random.random(rows) < 0.05, "wind"] = np.nan
    frame["late"] = _labels(frame, task, random)
    return frame


def _labels(frame: pd.DataFrame, task: Task, random: np.random.Generator) -> Any:
    scores = tiny_scores(frame, WEIGHTS, task)
    if task == "regression":
        return scores + random.normal(0, 0.5, len(frame))
    draw = random.random(len(frame))
    if task == "binary":
        return draw < scores
    index = (draw[:, None] > np.cumsum(scores, axis=1)[:, :-1]).sum(axis=1)
    return np.array(CLASSES["multiclass"])[index]


def tiny_instances(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The feature columns as JSON rows: null for a missing number."""
    records = frame[list(WEIGHTS)].to_dict(orient="records")
    return [
        {name: None if value != value else _plain(value) for name, value in record.items()}
        for record in records
    ]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def tiny_scores(frame: pd.DataFrame, weights: Mapping[str, float], task: Task) -> np.ndarray:
    """The model in float64 numpy: [rows], or [rows, classes] for multiclass."""
    raw = np.zeros(len(frame))
    for name, (centre, spread) in CENTRES.items():
        scaled = (frame[name].to_numpy("float64") - centre) / spread
        raw += weights[name] * np.where(np.isnan(scaled), 0.0, scaled)
    raw += weights["weekend"] * frame["weekend"].to_numpy("float64")
    effects = [CARRIERS.get(carrier, UNKNOWN_CARRIER) for carrier in frame["carrier"]]
    raw += weights["carrier"] * np.array(effects)
    if task == "regression":
        return raw
    if task == "binary":
        return 1 / (1 + np.exp(-raw))
    exponents = np.exp(raw[:, None] * LEANING)
    return exponents / exponents.sum(axis=1, keepdims=True)


def tiny_graph(task: Task, weights: Mapping[str, float]) -> onnx.ModelProto:
    """The same model as an ONNX graph with one [rows] input per feature."""
    kinds = {"hour": TensorProto.INT64, "weekend": TensorProto.BOOL, "carrier": TensorProto.STRING}
    inputs = [
        helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), ["rows"])
        for name in WEIGHTS
    ]
    nodes = [node for name in WEIGHTS for node in _term(name)]
    nodes.append(helper.make_node("Sum", [f"{name}_term" for name in WEIGHTS], ["raw"]))
    constants = [_constant("zero", 0.0)]
    if task == "multiclass":
        constants += [_constant("axis", np.array([1])), _constant("leaning", LEANING)]
        nodes += [
            helper.make_node("Unsqueeze", ["raw", "axis"], ["column"]),
            helper.make_node("Mul", ["column", "leaning"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["score"], axis=1),
        ]
    else:
        last = "Sigmoid" if task == "binary" else "Identity"
        nodes.append(helper.make_node(last, ["raw"], ["score"]))
    for name in WEIGHTS:
        constants.append(_constant(f"{name}_weight", weights[name]))
        if name in CENTRES:
            constants.append(_constant(f"{name}_centre", CENTRES[name][0]))
            constants.append(_constant(f"{name}_spread", CENTRES[name][1]))
    shape: list[Any] = ["rows", 3] if task == "multiclass" else ["rows"]
    output = helper.make_tensor_value_info("score", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "tiny", inputs, [output], initializer=constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="tiny")
    onnx.checker.check_model(model)
    return model


def _term(name: str) -> list[onnx.NodeProto]:
    """The nodes from the input `name` to `<name>_term`, its part of the weighted sum."""
    product = helper.make_node("Mul", [f"{name}_number", f"{name}_weight"], [f"{name}_term"])
    if name == "carrier":
        encode = helper.make_node(
            "LabelEncoder",
            [name],
            ["carrier_number"],
            domain="ai.onnx.ml",
            keys_strings=list(CARRIERS),
            values_floats=list(CARRIERS.values()),
            default_float=UNKNOWN_CARRIER,
        )
        return [encode, product]
    cast = helper.make_node("Cast", [name], [f"{name}_number"], to=TensorProto.FLOAT)
    if name == "weekend":
        return [cast, product]
    return [
        cast,
        helper.make_node("Sub", [f"{name}_number", f"{name}_centre"], [f"{name}_centred"]),
        helper.make_node("Div", [f"{name}_centred", f"{name}_spread"], [f"{name}_scaled"]),
        helper.make_node("IsNaN", [f"{name}_scaled"], [f"{name}_missing"]),
        helper.make_node("Where", [f"{name}_missing", "zero", f"{name}_scaled"], [f"{name}_known"]),
        helper.make_node("Mul", [f"{name}_known", f"{name}_weight"], [f"{name}_term"]),
    ]


def _constant(name: str, value: Any) -> onnx.TensorProto:
    array = np.asarray(value)
    kind = array.dtype if array.dtype == np.int64 and array.ndim else np.dtype("float32")
    return numpy_helper.from_array(array.astype(kind), name)
