"""Tensors fit their declaration and the contract, or are refused by name."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.serving.protocols.conftest import Polyglots
from tests.serving.protocols.speakers import SPEAKERS, raw, v2_head
from tests.serving.tiny import tiny_contract

CONTRACT = tiny_contract()
ROW = {"distance": 800.0, "wind": None, "hour": 9, "weekend": False, "carrier": "UA"}
INFER = "/v2/models/tiny/infer"
HEADER = "Inference-Header-Content-Length"


def request(**changed: Any) -> dict[str, Any]:
    """A request for ROW; `changed` replaces fields of tensors by name, None removes a tensor."""
    tensors = []
    for spec in CONTRACT.inputs:
        fields = changed.get(spec.name, {})
        if fields is not None:
            tensors.append(v2_head(spec, 1) | {"data": [ROW[spec.name]]} | fields)
    return {"inputs": tensors}


def refused(client: TestClient, content: dict[str, Any]) -> str:
    response = client.post(INFER, json=content)
    assert response.status_code == 400, response.text
    return str(response.json()["error"])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"hour": {"datatype": "BOOL"}}, "input 'hour' is BOOL, expected INT64"),
        ({"carrier": {"datatype": "FP32"}}, "input 'carrier' is FP32, expected BYTES"),
        ({"hour": {"datatype": "INT65"}}, "input 'hour' is INT65"),
        ({"hour": {"shape": [1, 2]}}, "input 'hour' is [1, 2], expected [rows]"),
        ({"hour": {"shape": [1], "data": [1, 2]}}, "input 'hour' has 2 values, its shape says 1"),
        ({"hour": {"shape": [1, 1], "data": [[1, 2]]}}, "do not fit its shape [1, 1]"),
        ({"hour": {"shape": [-1]}}, 'needs "shape"'),
        ({"hour": {"shape": []}}, 'needs "shape"'),
        ({"hour": {"shape": [True]}}, 'needs "shape"'),
        ({"hour": {"shape": [2], "data": [9, 9]}}, "differ in their number of rows: [1, 2]"),
        ({"hour": {"data": None}}, 'needs "data", a list'),
        ({"hour": {"name": "wind"}}, "input 'wind' is there twice"),
        ({"hour": {"name": 7}}, 'an input needs "name", a string'),
        ({"hour": {"data": ["9"]}}, 'row 0, hour: found "9", expected an integer'),
        ({"hour": {"data": [9.5], "datatype": "FP32"}}, "row 0, hour: found 9.5"),
        ({"hour": {"parameters": {"binary_data_size": 8}}}, "should have 8 bytes, 0 are left"),
        ({"hour": {"parameters": {"binary_data_size": -1}}}, "malformed"),
        ({"hour": {"parameters": []}}, "malformed"),
        ({"hour": None}, "row 0, hour: found no such field"),
    ],
)
def test_a_tensor_that_does_not_fit(
    polyglot: TestClient, changed: dict[str, Any], words: str
) -> None:
    assert words in refused(polyglot, request(**changed))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"id": 7}, '"id" must be a string'),
        ({"outputs": {}}, '"outputs" must be a list'),
        ({"outputs": [{"name": "scores"}]}, "no output is called 'scores'; there are score, dec"),
        ({"outputs": [7]}, "no output is called none"),
        ({"parameters": {"binary_data_output": 1}}, "is true or false"),
        ({"parameters": 7}, "is true or false"),
        ({"inputs": {}}, '"inputs" must be a list of tensors'),
        ({"inputs": [7]}, '"inputs" must be a list of tensors'),
        ({"inputs": []}, "the request has 0 rows"),
    ],
)
def test_a_request_that_does_not_fit(
    polyglot: TestClient, fields: dict[str, Any], words: str
) -> None:
    assert words in refused(polyglot, request() | fields)


def test_any_number_that_fits_its_values_is_taken(polyglot: TestClient) -> None:
    plain = polyglot.post(INFER, json=request()).json()["outputs"]
    other = request(
        distance={"datatype": "INT32", "data": [800]}, hour={"datatype": "FP64", "data": [9.0]}
    )
    assert polyglot.post(INFER, json=other).json()["outputs"] == plain


def test_an_unknown_tensor_is_ignored_and_the_id_is_echoed(polyglot: TestClient) -> None:
    more = {"name": "more", "shape": [1], "datatype": "FP32", "data": [1]}
    content = request() | {"id": "a\u00e9", "more": 1}
    content["inputs"].append(more)
    answer = polyglot.post(INFER, json=content).json()
    assert answer["id"] == "a\u00e9"
    assert "id" not in polyglot.post(INFER, json=request()).json()


def test_an_output_that_was_not_asked_for_is_not_sent(polyglot: TestClient) -> None:
    answer = polyglot.post(INFER, json=request() | {"outputs": [{"name": "decision"}]}).json()
    assert [(one["name"], one["data"]) for one in answer["outputs"]] == [("decision", ["True"])]


def test_a_regression_has_no_decision(polyglots: Polyglots) -> None:
    client = polyglots["regression"][1]
    assert [one["name"] for one in client.get("/v2/models/tiny").json()["outputs"]] == ["score"]
    assert len(client.post(INFER, json=request()).json()["outputs"]) == 1


def test_the_shape_of_a_tensor_and_of_several_classes_is_told(polyglots: Polyglots) -> None:
    tensor = polyglots["tensor"][1].get("/v2/models/tiny").json()
    assert tensor["inputs"] == [{"name": "window", "datatype": "FP32", "shape": [-1, 2, 3]}]
    several = polyglots["multiclass"][1].get("/v2/models/tiny").json()
    assert several["outputs"][0]["shape"] == [-1, 3]


def binary(**blobs: bytes) -> httpx.Request:
    """ROW with all tensors as bytes; `blobs` replaces some."""
    found = {spec.name: raw([ROW[spec.name]], spec) for spec in CONTRACT.inputs} | blobs
    heads = [
        v2_head(spec, 1) | {"parameters": {"binary_data_size": len(found[spec.name])}}
        for spec in CONTRACT.inputs
    ]
    head = json.dumps({"inputs": heads}).encode()
    body = head + b"".join(found.values())
    headers = {HEADER: str(len(head))}
    return httpx.Request("POST", f"http://testserver{INFER}", headers=headers, content=body)


@pytest.mark.parametrize(
    ("blobs", "words"),
    [
        ({"distance": b"\0" * 3}, "input 'distance' has 3 bytes, which is not its shape [1]"),
        ({"distance": np.array([np.nan], "<f4").tobytes()}, "row 0, distance: found NaN"),
        ({"distance": np.array([np.inf], "<f4").tobytes()}, "row 0, distance: found Infinity"),
        ({"hour": np.array([24], "<i8").tobytes()}, "row 0, hour: found 24"),
        ({"weekend": b"\x02"}, "input 'weekend' has bytes that are neither 0 nor 1"),
        ({"carrier": b"\x01\0"}, "ends inside of a length"),
        ({"carrier": b"\x05\0\0\0UA"}, "ends inside of a string"),
        ({"carrier": b"\x02\0\0\0\xff\xff"}, "a string that is not UTF-8"),
        ({"carrier": b"\0\0\0\0\0\0\0\0"}, "has 2 strings"),
    ],
)
def test_bytes_that_do_not_fit(polyglot: TestClient, blobs: dict[str, bytes], words: str) -> None:
    response = polyglot.send(binary(**blobs))
    assert response.status_code == 400
    assert words in response.json()["error"]


def test_bytes_that_nobody_declared(polyglot: TestClient) -> None:
    fits = binary()
    assert polyglot.send(fits).status_code == 200
    headers = {HEADER: fits.headers[HEADER]}
    more = polyglot.post(INFER, content=fits.content + b"\0", headers=headers)
    assert more.status_code == 400
    assert "1 bytes behind the request" in more.json()["error"]


@pytest.mark.parametrize("length", ["x", "-1", "9" * 30, "0" * 5000, "٣"])
def test_a_length_of_the_header_that_is_none(polyglot: TestClient, length: str) -> None:
    headers = {HEADER.encode(): length.encode()}
    response = polyglot.post(INFER, content=b"{}", headers=headers)
    assert response.status_code == 400


def test_a_tensor_with_values_of_another_kind(polyglots: Polyglots) -> None:
    client = polyglots["tensor"][1]
    head = {"name": "window", "shape": [1, 2, 3], "datatype": "FP32"}
    for data, words in (
        ([1, 2, 3, 4, 5, "6"], "has values that are not FP32"),
        ([1, 2, 3, 4, 5, None], "has values that are not FP32"),
        ([1, 2, 3, 4, 5, 11], "row 0, window: found a list of 2"),
        ([1, 2, 3, 4, 5, 10**400], "not JSON"),
    ):
        response = client.post(INFER, json={"inputs": [head | {"data": data}]})
        assert response.status_code == 400
        assert words in response.json()["error"]


def test_the_health_of_the_server(polyglot: TestClient) -> None:
    assert polyglot.get("/v2/health/live").json() == {"live": True}
    assert polyglot.get("/v2/health/ready").json() == {"ready": True}
    assert polyglot.get("/v2").json()["version"] == "r-0123456789ab"
    assert SPEAKERS["v2-json"].ask(polyglot, CONTRACT, [ROW]).json()["id"] == "42"
