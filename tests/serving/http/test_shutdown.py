"""Readiness, and the time between SIGTERM and the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.contract import ContractError, Task
from serving.http.app import Service
from serving.settings.host import DRAIN, Place, read_place
from serving.settings.service import ServingSettings, Start


def test_a_service_that_ends_is_alive_and_not_ready(models: dict[Task, Path]) -> None:
    service = Service(models["binary"], Start("r", ServingSettings(), place=Place(local=True)))
    assert not service.ready, "before it has a model"
    service.load()
    client = TestClient(service.app)
    ready = ["/v2/health/ready", "/v2/models/tiny/ready"]
    assert service.ready
    assert [client.get(path).status_code for path in ready] == [200, 200]
    service.drain.draining = True
    assert not service.ready
    assert [client.get(path).status_code for path in ready] == [503, 503]
    assert client.get("/v2/health/live").status_code == 200
    assert client.get("/release").status_code == 200


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, DRAIN),
        ({"SERVING_ENVIRONMENT": "local"}, 0.0),
        ({"SERVING_ENVIRONMENT": "local", "SERVING_DRAIN_SECONDS": "2.5"}, 2.5),
        ({"SERVING_DRAIN_SECONDS": "0"}, 0.0),
        ({"SERVING_DRAIN_SECONDS": "600"}, 600.0),
    ],
)
def test_the_place_says_how_long_to_go_on(environ: dict[str, str], seconds: float) -> None:
    assert read_place(environ).drain_seconds == seconds


@pytest.mark.parametrize("text", ["-1", "601", "soon", "nan", "inf"])
def test_a_time_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(ContractError, match="expected 0 to 600 seconds"):
        read_place({"SERVING_DRAIN_SECONDS": text})
