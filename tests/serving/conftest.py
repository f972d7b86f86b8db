"""A service over a tiny model of each task, without BentoML."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from starlette.testclient import TestClient

from serving.app import Service
from serving.contract import Task
from serving.settings import ServingSettings, Start
from tests.serving.tiny import write_tiny_model

TASKS = get_args(Task)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[Task, Path]:
    """A model folder for each task."""
    root = tmp_path_factory.mktemp("models")
    for task in TASKS:
        write_tiny_model(root / task, task)
    return {task: root / task for task in TASKS}


def client_of(folder: Path, settings: ServingSettings | None = None, **limits: int) -> TestClient:
    start = Start("r-0123456789ab", settings or ServingSettings())
    service = Service(folder, start, **limits)
    service.load()
    return TestClient(service.app, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def clients(models: dict[Task, Path]) -> dict[Task, TestClient]:
    return {task: client_of(folder) for task, folder in models.items()}


@pytest.fixture
def client(clients: dict[Task, TestClient]) -> TestClient:
    """The binary service."""
    return clients["binary"]
