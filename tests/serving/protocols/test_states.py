"""What a platform asks before it sends rows: is it alive, is it ready, what does it take?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.contract import Task
from serving.http.app import Service
from serving.settings.service import Start
from tests.serving.protocols.conftest import ALL, Polyglots

RELEASE = "r-0123456789ab"
AVAILABLE = {
    "version": "1",
    "state": "AVAILABLE",
    "status": {"error_code": "OK", "error_message": ""},
}
STATUS = {"model_version_status": [AVAILABLE], "name": "tiny", "ready": True}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models/tiny/ready", {"name": "tiny", "ready": True}),
        (f"/v2/models/tiny/versions/{RELEASE}/ready", {"name": "tiny", "ready": True}),
        ("/v1/models", {"models": ["tiny"]}),
        ("/v1/models/tiny", STATUS),
        ("/v1/models/tiny/versions/1", STATUS),
        ("/ping", {"status": "Healthy"}),
        ("/health", {"status": "Healthy"}),
        ("/aip/health", {"status": "healthy"}),
    ],
)
def test_a_service_that_is_ready(polyglot: TestClient, path: str, answer: Any) -> None:
    response = polyglot.get(path)
    assert (response.status_code, response.json()) == (200, answer)


def test_the_version_is_bare_text(polyglot: TestClient) -> None:
    response = polyglot.get("/version")
    assert response.text == RELEASE
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "path", ["/v1/models/huge", "/v1/models/tiny/versions/2", "/v2/models/huge"]
)
def test_another_model_or_version_is_not_there(polyglot: TestClient, path: str) -> None:
    response = polyglot.get(path)
    assert response.status_code == 404
    assert "here is" in response.json()["error"]


def test_the_signature_is_that_of_the_contract(polyglots: Polyglots) -> None:
    def signature(model: str) -> Any:
        content = polyglots[model][1].get("/v1/models/tiny/metadata").json()
        assert content["model_spec"] == {"name": "tiny", "signature_name": "", "version": "1"}
        return content["metadata"]["signature_def"]["signature_def"]["serving_default"]

    inputs = signature("multiclass")["inputs"]
    assert {name: one["dtype"] for name, one in inputs.items()} == {
        "distance": "DT_FLOAT",
        "wind": "DT_FLOAT",
        "hour": "DT_INT64",
        "weekend": "DT_BOOL",
        "carrier": "DT_STRING",
    }
    score = signature("multiclass")["outputs"]["score"]
    assert [one["size"] for one in score["tensor_shape"]["dim"]] == ["-1", "3"]
    window = signature("tensor")["inputs"]["window"]
    assert [one["size"] for one in window["tensor_shape"]["dim"]] == ["-1", "2", "3"]


def test_a_browser_gets_the_page_where_a_client_is_told_that_it_lives(
    polyglot: TestClient, client: TestClient
) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml"}
    assert polyglot.get("/").json() == {"status": "alive"}
    assert "swagger" in polyglot.get("/", headers=browser).text
    assert "swagger" in client.get("/").text, "only KServe v1 asks so"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/health/ready"),
        ("GET", "/v1/models/tiny"),
        ("GET", "/ping"),
        ("GET", "/aip/health"),
        ("POST", "/predict"),
        ("POST", "/v2/models/tiny/infer"),
        ("POST", "/predictions/tiny"),
    ],
)
def test_a_service_without_its_model_is_not_ready(
    models: dict[Task, Path], method: str, path: str
) -> None:
    service = Service(models["binary"], Start(RELEASE, ALL, None, "/aip/predict", "/aip/health"))
    response = TestClient(service.app).request(method, path)
    assert response.status_code == 503
    assert "the model is not loaded yet" in response.text
