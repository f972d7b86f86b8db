"""Vertex AI: the platform chooses the routes, and errors have its names."""

from __future__ import annotations

import pytest

from serving.protocols.vertex import CLIENTS, error, protocol
from tests.serving.protocols.messages import ROW, content, decoded


def test_the_routes_are_those_of_the_platform() -> None:
    made = protocol("/aip/predict", "/aip/health")
    assert [route.path for route in made.predicts] == ["/aip/predict", CLIENTS]
    assert [(info.path, info.readiness) for info in made.infos] == [("/aip/health", True)]
    assert made.owns("/aip/predict")
    assert made.owns("/aip/health")


def test_without_a_platform_there_is_the_clients_route_alone() -> None:
    made = protocol(None, None)
    assert [route.path for route in made.predicts] == [CLIENTS]
    assert made.infos == ()
    assert made.home == ("/v1/projects",)


def test_parameters_have_no_effect() -> None:
    body = {"instances": [ROW], "parameters": {"a": 1}, "x": 1}
    assert decoded(protocol(None, None).predicts[0], body).ignored == 1


@pytest.mark.parametrize(
    ("status", "code", "name"),
    [
        (422, 400, "INVALID_ARGUMENT"),
        (401, 401, "UNAUTHENTICATED"),
        (429, 429, "RESOURCE_EXHAUSTED"),
        (503, 503, "UNAVAILABLE"),
    ],
)
def test_errors_have_googles_names(status: int, code: int, name: str) -> None:
    shown = {"error": {"code": code, "message": "no", "status": name}}
    assert content(error(status, "no", ())) == shown
