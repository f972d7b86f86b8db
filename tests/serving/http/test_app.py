"""Requests over HTTP: predictions in order, and clear refusals; never a 5xx for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.contract import Task
from serving.predict.loaded_model import file_hashes
from serving.settings.policy import Limits
from tests.serving.conftest import TASKS, client_of
from tests.serving.tiny import write_tiny_model

MAX_ROWS = Limits().rows

ROW = {"distance": 800.0, "wind": None, "hour": 9, "weekend": False, "carrier": "UA"}
JSON = {"Content-Type": "application/json"}


def examples(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "examples.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("task", TASKS)
def test_examples_are_answered_as_the_trained_model_did(
    clients: dict[Task, TestClient], models: dict[Task, Path], task: Task
) -> None:
    known = examples(models[task])
    body = {"instances": [example["instance"] for example in known]}
    answer = clients[task].post("/predict", json=body).json()
    for found, example in zip(answer["predictions"], known, strict=True):
        assert found == pytest.approx(example["prediction"], abs=1e-5)
    assert answer["release"] == "r-0123456789ab"
    assert answer["ignored_fields"] == 0


def test_a_binary_decision_is_the_second_class_from_the_threshold_on(tmp_path: Path) -> None:
    """At, below and above: the score itself as the threshold, one step up, one step down."""
    write_tiny_model(tmp_path)
    score = client_of(tmp_path).post("/predict", json={"instances": [ROW]}).json()["predictions"][0]
    decisions = []
    for threshold in (score, score + 1e-6, score - 1e-6):
        write_tiny_model(tmp_path, contract={"threshold": threshold})
        answer = client_of(tmp_path).post("/predict", json={"instances": [ROW]}).json()
        decisions += answer["decisions"]
    assert decisions == ["True", "False", "True"]


def test_a_multiclass_decision_is_the_greatest_score(clients: dict[Task, TestClient]) -> None:
    answer = clients["multiclass"].post("/predict", json={"instances": [ROW, ROW]}).json()
    assert answer["classes"] == ["early", "on time", "late"]
    scores = answer["predictions"][0]
    assert answer["decisions"] == [answer["classes"][scores.index(max(scores))]] * 2


def test_a_regression_has_no_decisions(clients: dict[Task, TestClient]) -> None:
    answer = clients["regression"].post("/predict", json={"instances": [ROW]}).json()
    assert set(answer) == {"predictions", "release", "ignored_fields"}


def test_unknown_fields_are_ignored_and_counted(client: TestClient) -> None:
    body = {"instances": [ROW | {"extra": 1}, ROW | {"extra": {}, "more": []}], "parameters": {}}
    assert client.post("/predict", json=body).json()["ignored_fields"] == 4


def test_a_problem_is_shown_with_row_field_value_and_what_is_allowed(client: TestClient) -> None:
    response = client.post("/predict", json={"instances": [ROW, ROW | {"hour": 24}]})
    assert response.status_code == 422
    assert response.json()["error"] == {
        "message": "row 1, hour: found 24, expected an integer (int64) from 0 to 23",
        "problems": [
            {
                "row": 1,
                "field": "hour",
                "value": "24",
                "expected": "an integer (int64) from 0 to 23",
            }
        ],
    }


def one(text: str) -> bytes:
    """A body with `text` as the distance."""
    return b'{"instances": [%s]}' % json.dumps(ROW).replace("800.0", text).encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe\x00", 400),
        (b'{"instances": [{"carrier": "\xff"}]}', 400),
        (b'{"instances": [{"carrier": "\\ud800"}]}', 400),
        (b"[" * 100_000, 400),
        (b"[" * 2000 + b"]" * 2000, 400),
        (one("NaN"), 400),
        (one("Infinity"), 400),
        (one("1e999"), 400),
        (one("-"), 400),
        (one("9" * 5000), 400),
        (one("1e39"), 422),
        (one("9" * 30), 422),
        (one("18446744073709551616"), 422),
        (one("true"), 422),
        (one("null"), 422),
        (one("[" * 500 + "]" * 500), 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"instances"', 422),
        (b"{}", 422),
        (b'{"instances": null}', 422),
        (b'{"instances": {}}', 422),
        (b'{"instances": []}', 422),
        (b'{"instances": [null]}', 422),
        (b'{"instances": [[]]}', 422),
    ],
)
def test_a_bad_body_is_refused(client: TestClient, body: bytes, status: int) -> None:
    response = client.post("/predict", content=body, headers=JSON)
    assert response.status_code == status
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 200),
        ({"Content-Type": "Application/JSON; charset=utf-8"}, 200),
        ({"Content-Type": "application/problem+json"}, 200),
        ({}, 200),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
    ],
)
def test_only_json_is_accepted(client: TestClient, headers: dict[str, str], status: int) -> None:
    body = json.dumps({"instances": [ROW]}).encode()
    assert client.post("/predict", content=body, headers=headers).status_code == status


def test_rows_are_limited(client: TestClient) -> None:
    most = client.post("/predict", json={"instances": [ROW] * MAX_ROWS})
    assert len(most.json()["predictions"]) == MAX_ROWS
    more = client.post("/predict", json={"instances": [ROW] * (MAX_ROWS + 1)})
    assert more.status_code == 422
    assert f"1 to {MAX_ROWS}" in more.json()["error"]["message"]


def test_a_body_is_limited_with_and_without_a_declared_length(models: dict[Task, Path]) -> None:
    body = json.dumps({"instances": [ROW]}).encode()

    def chunks(content: bytes) -> Iterator[bytes]:
        yield content[:10]
        yield content[10:]

    for limit, status in ((len(body), 200), (len(body) - 1, 413)):
        client = client_of(models["binary"], limits={"body_bytes": limit})
        assert client.post("/predict", content=body, headers=JSON).status_code == status
        assert client.post("/predict", content=chunks(body), headers=JSON).status_code == status


@pytest.mark.parametrize("length", ["-1", "x", "9" * 50])
def test_a_strange_content_length_is_refused(client: TestClient, length: str) -> None:
    headers = JSON | {"Content-Length": length}
    assert client.post("/predict", content=b"{}", headers=headers).status_code == 413


def test_other_methods_are_refused_in_the_same_shape(client: TestClient) -> None:
    response = client.get("/predict")
    assert response.status_code == 405
    assert response.json() == {"error": {"message": "Method Not Allowed", "problems": []}}


def test_release_names_what_was_loaded(client: TestClient, models: dict[Task, Path]) -> None:
    answer = client.get("/release").json()
    assert answer["release"] == "r-0123456789ab"
    assert (answer["name"], answer["task"], answer["runtime"]) == ("tiny", "binary", "onnx")
    assert answer["files"] == file_hashes(models["binary"])


def test_metrics_count_by_route_status_and_release(models: dict[Task, Path]) -> None:
    client = client_of(models["binary"])

    def value(name: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    ok = 'serving_requests_total{release="r-0123456789ab",route="/predict",status="200"}'
    bad = 'serving_requests_total{release="r-0123456789ab",route="/predict",status="422"}'
    names = (ok, bad, "serving_rows_total", "serving_ignored_fields_total")
    before = [value(name) for name in names]
    client.post("/predict", json={"instances": [ROW, ROW | {"extra": 1}]})
    client.post("/predict", json={"instances": []})
    assert [value(name) - was for name, was in zip(names, before, strict=True)] == [1, 1, 2, 1]


def test_requests_of_gates_are_no_clients(models: dict[Task, Path]) -> None:
    """A gate sends what has to be refused, and load: neither is an answer to a client."""
    client = client_of(models["binary"])

    def counted(route: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        names = ("serving_requests_total", "serving_request_seconds_count")
        parts = (line for line in lines if line.startswith(names) and f'route="{route}"' in line)
        return sum(float(line.rsplit(" ", 1)[1]) for line in parts)

    before = counted("/predict"), counted("gates")
    for instance in (ROW, {}):
        body = {"instances": [instance]}
        client.post("/predict", json=body, headers={"X-Request-ID": "delivery.gate"})
    assert (counted("/predict"), counted("gates")) == (before[0], before[1] + 4)


def test_unknown_paths_make_no_series(client: TestClient) -> None:
    assert client.get("/unheard-of").status_code == 404
    assert "unheard-of" not in client.get("/metrics").text


def test_a_model_without_a_finite_score_is_a_fault_of_the_service(tmp_path: Path) -> None:
    """null is no answer: the client is told which row, and the log knows."""
    write_tiny_model(tmp_path, "regression", weights={"distance": 3e38}, examples=1)
    far = {"instances": [ROW | {"distance": 1000.0}, ROW | {"distance": 10_000}]}
    response = client_of(tmp_path).post("/predict", json=far)
    assert response.status_code == 500
    assert response.json()["error"]["message"] == "the model has no finite score for row 1"


WORKERS_ALONE = ("onnxruntime", "jwt", "cryptography")


def test_the_service_is_imported_without_what_workers_alone_need() -> None:
    """The leading process imports it too, and would hold all of that for nothing."""
    code = "import sys, serving.http.app, serving.guard.guard; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()).isdisjoint(WORKERS_ALONE)
