"""The OpenAPI document says what the service does, and its example works."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.contract import Task, read_contract
from serving.schema.openapi import Documented, Example, OtherRoute, openapi
from serving.settings.policy import Auth
from tests.serving.conftest import TASKS


@pytest.mark.parametrize("task", TASKS)
def test_the_example_request_gets_the_example_answer(
    clients: dict[Task, TestClient], task: Task
) -> None:
    document = clients[task].get("/docs.json").json()
    post = document["paths"]["/predict"]["post"]
    request = post["requestBody"]["content"]["application/json"]["example"]
    answer = post["responses"]["200"]["content"]["application/json"]["example"]
    assert clients[task].post("/predict", json=request).json() == answer


def test_every_documented_route_of_ours_answers(client: TestClient) -> None:
    paths = client.get("/docs.json").json()["paths"]
    ours = set(paths) - {"/livez", "/readyz"}  # those are BentoML's
    answered = {path for path in ours if client.get(path).status_code in (200, 405)}
    assert answered == ours


@pytest.mark.parametrize(
    ("auth", "schemes"),
    [
        ("none", set()),
        ("keys", {"bearer", "key"}),
        ("oidc", {"bearer"}),
        ("both", {"bearer", "key"}),
    ],
)
def test_the_document_says_how_to_send_credentials(
    models: dict[Task, Path], auth: Auth, schemes: set[str]
) -> None:
    """Everywhere but at the probes, whose path is open."""
    contract = read_contract(models["binary"])
    ping = OtherRoute("MLflow", "/ping")
    document = openapi(Documented(contract, "r-0123456789ab", auth), Example({}, {}), [ping])
    assert set(document["components"]["securitySchemes"]) == schemes
    assert {name for one in document["security"] for name in one} == schemes
    own = {
        path for path in document["paths"] if "security" in document["paths"][path].get("get", {})
    }
    assert own == {"/livez", "/ping", "/readyz"}


def test_other_protocols_are_listed_for_this_model(client: TestClient) -> None:
    paths = client.get("/docs.json").json()["paths"]
    infer = paths["/v2/models/tiny/infer"]["post"]
    assert infer["tags"] == ["Open Inference Protocol v2"]
    assert set(infer["requestBody"]["content"]) == {"application/json", "application/octet-stream"}
    assert set(paths["/invocations"]["post"]["requestBody"]["content"]) == {
        "application/json",
        "text/csv",
    }
    assert paths["/ping"]["get"]["tags"] == ["MLflow"]
    assert "/v1/models/tiny:predict" not in paths


def test_the_page_reads_the_document_and_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/").text
    assert "swagger-initializer.js" in page
    assert "http" not in page
