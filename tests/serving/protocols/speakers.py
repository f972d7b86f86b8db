"""Each way to put rows into a request, and to read the scores of its answer.

The protocols are written out here a second time, by hand and without the service's code, so that
a change of either side is seen.
"""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from serving.contract import Contract, Input

Rows = list[dict[str, Any]]
JSON = {"Content-Type": "application/json"}
DATATYPES = {
    "float32": ("FP32", "<f4"),
    "int64": ("INT64", "<i8"),
    "bool": ("BOOL", "?"),
    "string": ("BYTES", ""),
}


@dataclass(frozen=True)
class Asked:
    """The content of one request."""

    content: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


@dataclass(frozen=True)
class Speaker:
    """`write` puts rows into a request; `read` takes the scores out of an answer. `protocol` is
    the name of the protocol in settings."""

    protocol: str
    path: str
    write: Callable[[Rows, Contract], Asked]
    read: Callable[[httpx.Response], Any]
    tensors: bool = True  # can it carry an input with a shape

    def ask(self, client: httpx.Client, contract: Contract, rows: Rows) -> httpx.Response:
        asked = self.write(rows, contract)
        return client.post(self.path, content=asked.content, headers=dict(asked.headers))

    def scores(self, client: httpx.Client, contract: Contract, rows: Rows) -> np.ndarray:
        response = self.ask(client, contract, rows)
        assert response.status_code == 200, response.text
        return np.asarray(self.read(response), np.float32)


def dump(content: Any) -> Asked:
    return Asked(json.dumps(content).encode())


def instances(rows: Rows, _: Contract) -> Asked:
    return dump({"instances": rows})


def inputs(rows: Rows, contract: Contract) -> Asked:
    return dump({"inputs": columns(rows, contract)})


def columns(rows: Rows, contract: Contract) -> dict[str, list[Any]]:
    return {spec.name: [row.get(spec.name) for row in rows] for spec in contract.inputs}


def split(rows: Rows, contract: Contract) -> Asked:
    """As MLflow's client writes a DataFrame: NaN for what is missing, and an index."""
    names = [spec.name for spec in contract.inputs]
    nan = float("nan")
    data = [[nan if row.get(n) is None else row[n] for n in names] for row in rows]
    frame = {"columns": names, "index": list(range(len(rows))), "data": data}
    return dump({"dataframe_split": frame, "params": {"a": 1}})


def records(rows: Rows, _: Contract) -> Asked:
    return dump({"dataframe_records": rows})


def table(header: bool) -> Callable[[Rows, Contract], Asked]:
    def write(rows: Rows, contract: Contract) -> Asked:
        text = io.StringIO()
        names = [spec.name for spec in contract.inputs]
        writer = csv.DictWriter(text, names, restval="", extrasaction="ignore")
        if header:
            writer.writeheader()
        writer.writerows(rows)
        return Asked(text.getvalue().encode(), {"Content-Type": "text/csv; charset=utf-8"})

    return write


def v2_json(rows: Rows, contract: Contract) -> Asked:
    tensors = []
    for spec in contract.inputs:
        values = [row.get(spec.name) for row in rows]
        tensors.append(v2_head(spec, len(rows)) | {"data": values})
    return dump({"id": "42", "inputs": tensors})


def v2_flat(rows: Rows, contract: Contract) -> Asked:
    """Row-major values without nesting; scalars as [rows, 1]."""
    tensors = []
    for spec in contract.inputs:
        values = np.array([row.get(spec.name) for row in rows], object).reshape(-1).tolist()
        head = v2_head(spec, len(rows))
        head["shape"] = head["shape"] if spec.shape else [len(rows), 1]
        tensors.append(head | {"data": values})
    return dump({"inputs": tensors})


def v2_binary(rows: Rows, contract: Contract) -> Asked:
    tensors, blobs = [], []
    for spec in contract.inputs:
        blob = raw([row.get(spec.name) for row in rows], spec)
        blobs.append(blob)
        size = {"parameters": {"binary_data_size": len(blob)}}
        tensors.append(v2_head(spec, len(rows)) | size)
    head = {"inputs": tensors, "parameters": {"binary_data_output": True}}
    text = json.dumps(head).encode()
    headers = {"Inference-Header-Content-Length": str(len(text))}
    return Asked(text + b"".join(blobs), headers)


def v2_head(spec: Input, rows: int) -> dict[str, Any]:
    return {
        "name": spec.name,
        "shape": [rows, *spec.shape],
        "datatype": DATATYPES[spec.dtype][0],
    }


def raw(values: list[Any], spec: Input) -> bytes:
    if spec.dtype == "string":
        encoded = [(value or "").encode() for value in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in encoded)
    missing = [float("nan") if value is None else value for value in values]
    return np.array(missing, DATATYPES[spec.dtype][1]).tobytes()


def v2_scores(response: httpx.Response) -> Any:
    output = response.json()["outputs"][0]
    assert (output["name"], output["datatype"]) == ("score", "FP32")
    return np.array(output["data"], np.float32).reshape(output["shape"])


def v2_binary_scores(response: httpx.Response) -> Any:
    length = int(response.headers["Inference-Header-Content-Length"])
    output = json.loads(response.content[:length])["outputs"][0]
    size = output["parameters"]["binary_data_size"]
    return np.frombuffer(response.content[length : length + size], "<f4").reshape(output["shape"])


def csv_scores(response: httpx.Response) -> Any:
    assert response.headers["content-type"].startswith("text/csv")
    rows = [[np.float32(cell) for cell in line] for line in csv.reader(io.StringIO(response.text))]
    return [row[0] if len(row) == 1 else row for row in rows]


def predictions(response: httpx.Response) -> Any:
    return response.json()["predictions"]


def with_accept(write: Callable[[Rows, Contract], Asked], kind: str) -> Any:
    def accepting(rows: Rows, contract: Contract) -> Asked:
        asked = write(rows, contract)
        return Asked(asked.content, {**asked.headers, "Accept": kind})

    return accepting


SPEAKERS: Mapping[str, Speaker] = {
    "native": Speaker("native", "/predict", instances, predictions),
    "v2-json": Speaker("v2", "/v2/models/tiny/infer", v2_json, v2_scores),
    "v2-flat": Speaker("v2", "/v2/models/tiny/versions/1/infer", v2_flat, v2_scores),
    "v2-binary": Speaker("v2", "/v2/models/tiny/infer", v2_binary, v2_binary_scores),
    "mlflow-split": Speaker("mlflow", "/invocations", split, predictions),
    "mlflow-records": Speaker("mlflow", "/invocations", records, predictions),
    "mlflow-instances": Speaker("mlflow", "/invocations", instances, predictions),
    "mlflow-inputs": Speaker("mlflow", "/invocations", inputs, predictions),
    "mlflow-csv": Speaker("mlflow", "/invocations", table(True), predictions, False),
    "sagemaker": Speaker("sagemaker", "/endpoints/any/invocations", instances, predictions),
    "sagemaker-csv": Speaker(
        "sagemaker",
        "/invocations",
        with_accept(table(False), "text/csv"),
        csv_scores,
        False,
    ),
    "tensorflow": Speaker("tensorflow", "/v1/models/tiny:predict", instances, predictions),
    "tensorflow-inputs": Speaker(
        "tensorflow",
        "/v1/models/tiny/versions/1:predict",
        inputs,
        lambda response: response.json()["outputs"],
    ),
    "torchserve": Speaker("torchserve", "/predictions/tiny", instances, predictions),
    "torchserve-list": Speaker(
        "torchserve", "/predictions/tiny/1", lambda rows, _: dump(rows), httpx.Response.json
    ),
    "vertex": Speaker("vertex", "/aip/predict", instances, predictions),
    "vertex-client": Speaker(
        "vertex", "/v1/projects/p/locations/l/endpoints/1:predict", instances, predictions
    ),
}
