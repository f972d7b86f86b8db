"""Readiness, and the time between SIGTERM and the end."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from serving.contract import Task
from serving.http.app import Service
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start


def test_a_service_that_ends_is_alive_and_not_ready(models: dict[Task, Path]) -> None:
    service = Service(models["binary"], Start("r", ServingSettings(), host=Host(local=True)))
    assert not service.ready, "before it has a model"
    service.load()
    client = TestClient(service.app)
    ready = ["/v2/health/ready", "/v2/models/tiny/ready"]
    assert service.ready
    assert [client.get(path).status_code for path in ready] == [200, 200]
    service.shutdown.begun = True
    assert not service.ready
    assert [client.get(path).status_code for path in ready] == [503, 503]
    assert client.get("/v2/health/live").status_code == 200
    assert client.get("/release").status_code == 200
