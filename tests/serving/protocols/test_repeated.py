"""A key that an object names twice is refused, however the document is written."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from serving.errors import Refusal
from serving.protocols.repeated import refuse_repeated
from serving.rows.text import MOST_LISTS, MOST_OBJECTS

ROW = '{"distance": 8.0, "wind": null, "hour": 9, "weekend": false, "carrier": "UA"}'
KEYS = st.sampled_from(["a", "b", 'q"', "c:d", "é", '":', "\\"])
VALUES = st.recursive(
    st.none() | st.integers() | st.sampled_from(["12:30", '":', 'a": ', "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


def repeated(body: str) -> bool:
    try:
        refuse_repeated(body.encode(), orjson.loads(body))
    except Refusal as refusal:
        return refusal.status == 400
    return False


@pytest.mark.parametrize(
    "body",
    [
        '{"a": 1, "a": 1}',
        '{"a":1,"a":1}',
        '{"a" : 1, "b": 2, "a" :3}',
        '{"a": 1, "\\u0061": 2}',
        '[{"a": 1, "a": 2}]',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": [{"b": 1}, {"b": 1, "b": 2}]}',
        '{"a": [[{"b": 1, "b": 2}]]}',
        '{"a": [1, {"b": 1, "b": 2}]}',
        '{"t": "12:30", "a": 1, "a": 2}',
        '{"t": "\\":", "a": 1, "a" : 2}',
    ],
)
def test_a_repeated_key_is_found(body: str) -> None:
    assert repeated(body)


@pytest.mark.parametrize("spaced", [(",", ":"), (", ", ": "), (" , ", " : ")])
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(document=VALUES)
def test_a_document_without_one_is_let_through(spaced: tuple[str, str], document: Any) -> None:
    assert not repeated(json.dumps(document, separators=spaced))


def test_a_request_with_one_is_refused(client: TestClient) -> None:
    body = f'{{"instances": [{ROW[:-1]}, "hour": 10}}]}}'
    response = client.post("/predict", content=body.encode())
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "an object names the key 'hour' twice"


def test_depth_is_limited(client: TestClient) -> None:
    """Deep is refused by whichever parser meets it, and never an error of the service."""
    for depth in (10, 500, 900, 1023, 1024, 1025, 5000, 200_000):
        deep = "[" * depth + "]" * depth
        body = f'{{"t": "12:30", "instances": [{ROW}], "x": {deep}}}'
        status = client.post("/predict", content=body.encode()).status_code
        assert status == 200 if depth < 900 else status in (200, 400)
        assert status == 400 or depth <= 1024


def test_objects_are_counted_before_they_are_made(client: TestClient) -> None:
    """At the limit the rows are too many, above it nothing is parsed."""
    for objects, status in ((MOST_OBJECTS, 422), (MOST_OBJECTS + 1, 413)):
        body = b"{" + b'"instances": [' + b",".join([b"{}"] * (objects - 1)) + b"]}"
        assert client.post("/predict", content=body).status_code == status
    lists = b'{"instances": [' + b"[]," * MOST_LISTS + b"[]]}"
    assert client.post("/predict", content=lists).status_code == 413


def test_a_protocol_that_takes_nan_refuses_them_too(client: TestClient) -> None:
    for value in ("1", "NaN"):
        body = f'{{"dataframe_records": [{ROW[:-1]}, "hour": {value}}}]}}'
        response = client.post("/invocations", content=body.encode())
        assert response.status_code == 400
        assert "twice" in response.json()["message"]
