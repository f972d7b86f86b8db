"""A service over a tiny model of each task, without BentoML; and a small disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from starlette.testclient import TestClient

from serving.contract import Task
from serving.guard.guard import Guard
from serving.http.app import Service
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start
from tests.serving.disks import Disk, small_disk
from tests.serving.tiny import write_tiny_model

TASKS = get_args(Task)
LOCALLY = Host(local=True)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[Task, Path]:
    """A model folder for each task."""
    root = tmp_path_factory.mktemp("models")
    for task in TASKS:
        write_tiny_model(root / task, task)
    return {task: root / task for task in TASKS}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


def client_of(folder: Path, host: Host = LOCALLY, **settings: Any) -> TestClient:
    """A client of the model in `folder`, behind its guard."""
    start = Start("r-0123456789ab", ServingSettings.model_validate(settings), host=host)
    service = Service(folder, start)
    service.load()
    service.observe()
    guarded = Guard(service.app, start=start, shape=service.error, direct=service.direct)
    return TestClient(guarded, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def clients(models: dict[Task, Path]) -> dict[Task, TestClient]:
    return {task: client_of(folder) for task, folder in models.items()}


@pytest.fixture
def client(clients: dict[Task, TestClient]) -> TestClient:
    """The binary service."""
    return clients["binary"]
