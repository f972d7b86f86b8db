"""Each protocol refuses in its own shape, with the status that its clients expect."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.settings.policy import Limits
from tests.serving.protocols.conftest import Polyglots
from tests.serving.protocols.speakers import JSON, SPEAKERS, Asked
from tests.serving.tiny import tiny_contract

CONTRACT = tiny_contract()
MAX_ROWS = Limits().rows
ROW = {"distance": 800.0, "wind": None, "hour": 9, "weekend": False, "carrier": "UA"}


def error_text(body: Any, _: int) -> str:
    return str(body["error"])


def mlflow_text(body: Any, status: int) -> str:
    codes = {404: "RESOURCE_DOES_NOT_EXIST", 500: "INTERNAL_ERROR"}
    assert body["error_code"] == codes.get(status, "BAD_REQUEST")
    return str(body["message"])


def torchserve_text(body: Any, status: int) -> str:
    types = {404: "ModelNotFound", 405: "MethodNotAllowed", 413: "RequestEntityTooLarge"}
    assert body["code"] == status
    assert body["type"] == types.get(status, "BadRequest") + "Exception"
    return str(body["message"])


def vertex_text(body: Any, status: int) -> str:
    error = body["error"]
    assert error["code"] == status
    assert error["status"] == ("NOT_FOUND" if status == 404 else "INVALID_ARGUMENT")
    return str(error["message"])


# What the message is in, and the status of rows that do not fit.
SHAPES: Mapping[str, tuple[Callable[[Any, int], str], int]] = {
    "native": (lambda body, _: str(body["error"]["message"]), 422),
    "v2": (error_text, 400),
    "mlflow": (mlflow_text, 400),
    "sagemaker": (mlflow_text, 400),
    "tensorflow": (error_text, 400),
    "torchserve": (torchserve_text, 400),
    "vertex": (vertex_text, 400),
}
ANY_TYPE = ("tensorflow", "torchserve")  # their servers do not look at Content-Type
EACH = pytest.mark.parametrize("name", SPEAKERS)


def check(client: TestClient, name: str, asked: Asked, status: int, words: str) -> None:
    speaker = SPEAKERS[name]
    response = client.post(speaker.path, content=asked.content, headers=dict(asked.headers))
    read, unfit = SHAPES[speaker.protocol]
    assert response.status_code == (unfit if status == 422 else status), response.text
    assert response.headers["content-type"] == "application/json"
    assert words in read(response.json(), response.status_code)


@EACH
@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 5000, b"[Infinity, NaN]"])
def test_a_body_that_is_not_json(polyglot: TestClient, name: str, body: bytes) -> None:
    check(polyglot, name, Asked(body), 400, "not JSON")


@EACH
@pytest.mark.parametrize("body", [b"null", b"7", b'"x"', b"{}"])
def test_a_document_without_rows(polyglot: TestClient, name: str, body: bytes) -> None:
    check(polyglot, name, Asked(body), 422, "")


@EACH
def test_a_value_that_is_not_allowed(polyglot: TestClient, name: str) -> None:
    rows = [ROW, ROW | {"hour": 24}]
    asked = SPEAKERS[name].write(rows, CONTRACT)
    check(polyglot, name, asked, 422, "row 1, hour: found 24, expected an integer")


@EACH
def test_a_column_that_is_missing(polyglot: TestClient, name: str) -> None:
    less = CONTRACT.model_copy(update={"inputs": CONTRACT.inputs[1:]})
    rows = [{key: value for key, value in ROW.items() if key != "distance"}]
    asked = SPEAKERS[name].write(rows, less)
    words = "row 0 has 4 values" if name == "sagemaker-csv" else "distance: found no such field"
    check(polyglot, name, asked, 422, words)


@EACH
@pytest.mark.parametrize("count", [0, MAX_ROWS + 1])
def test_none_or_too_many_rows(polyglot: TestClient, name: str, count: int) -> None:
    asked = SPEAKERS[name].write([ROW] * count, CONTRACT)
    check(polyglot, name, asked, 422, f"allowed are 1 to {MAX_ROWS}")


@EACH
def test_as_many_rows_as_are_allowed(polyglot: TestClient, name: str) -> None:
    assert len(SPEAKERS[name].scores(polyglot, CONTRACT, [ROW] * MAX_ROWS)) == MAX_ROWS


@EACH
def test_another_content_type(polyglot: TestClient, name: str) -> None:
    speaker = SPEAKERS[name]
    asked = Asked(speaker.write([ROW], CONTRACT).content, {"Content-Type": "text/plain"})
    if speaker.protocol in ANY_TYPE:
        response = polyglot.post(speaker.path, content=asked.content, headers=dict(asked.headers))
        assert response.status_code == 200
    else:
        check(polyglot, name, asked, 415, "'text/plain'")


@EACH
def test_a_coding_that_is_not_read(polyglot: TestClient, name: str) -> None:
    asked = Asked(b"{}", JSON | {"Content-Encoding": "gzip"})
    check(polyglot, name, asked, 415, "Content-Encoding is 'gzip'")


@EACH
def test_another_method(polyglot: TestClient, name: str) -> None:
    response = polyglot.put(SPEAKERS[name].path, content=b"{}", headers=JSON)
    read, _ = SHAPES[SPEAKERS[name].protocol]
    assert response.status_code == 405
    assert read(response.json(), 405) == "Method Not Allowed"


NAMED = [name for name, speaker in SPEAKERS.items() if "/tiny" in speaker.path]


@pytest.mark.parametrize("name", NAMED)
def test_another_model(polyglot: TestClient, name: str) -> None:
    speaker = SPEAKERS[name]
    path = speaker.path.replace("/tiny", "/huge")
    response = polyglot.post(path, content=b"{}", headers=JSON)
    assert response.status_code == 404
    words = SHAPES[speaker.protocol][0](response.json(), 404)
    assert words == "no model is called 'huge'; here is 'tiny'"


@pytest.mark.parametrize(
    ("protocol", "path"),
    [
        ("v2", "/v2/models/tiny/versions/{}/infer"),
        ("tensorflow", "/v1/models/tiny/versions/{}:predict"),
        ("torchserve", "/predictions/tiny/{}"),
    ],
)
def test_another_version(polyglot: TestClient, protocol: str, path: str) -> None:
    read, unfit = SHAPES[protocol]
    missing = polyglot.post(path.format("2"), content=b"{}", headers=JSON)
    assert missing.status_code == 404
    assert read(missing.json(), 404) == "no version '2'; here is 'r-0123456789ab'"
    for version in ("1", "r-0123456789ab"):
        found = polyglot.post(path.format(version), content=b"null", headers=JSON)
        assert found.status_code == unfit


@pytest.mark.parametrize(
    ("protocol", "path"),
    [
        ("v2", "/v2/repository/index"),
        ("tensorflow", "/v1/models/tiny/labels/x"),
        ("torchserve", "/predictions/tiny/1/2/3"),
        ("sagemaker", "/invocations/more"),
        ("vertex", "/v1/projects/p"),
    ],
)
def test_a_path_that_is_not_there(polyglot: TestClient, protocol: str, path: str) -> None:
    response = polyglot.get(path)
    assert response.status_code == 404
    assert SHAPES[protocol][0](response.json(), 404) == "Not Found"


@EACH
def test_a_fault_of_the_model_is_not_the_clients(
    polyglots: Polyglots,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A bug answers 500 in the same shape; the log knows the rest."""
    service, client = polyglots["binary"]
    for way in ("_decode", "_validate"):
        monkeypatch.setattr(service.predictor, way, None)
    with caplog.at_level(logging.ERROR, "serving"):
        response = SPEAKERS[name].ask(client, CONTRACT, [ROW])
    assert response.status_code == 500
    assert "internal error" in response.text
    assert "NoneType" not in response.text
    assert "unexpected TypeError" in caplog.text or "AttributeError" in caplog.text
