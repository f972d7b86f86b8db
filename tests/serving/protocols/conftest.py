"""A service that speaks everything, over each tiny model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest
from starlette.testclient import TestClient

from serving.contract import Task
from serving.http.app import Service
from serving.settings.service import ProtocolName, ServingSettings, Start
from tests.serving.tiny_predictor import write_predictor
from tests.serving.tiny_tensor import write_tensor_model

Polyglots = Mapping[str, tuple[Service, TestClient]]
ALL = ServingSettings(protocols=get_args(ProtocolName))
MODELS = (*get_args(Task), "tensor", "python")


@pytest.fixture(scope="session")
def polyglots(models: dict[Task, Path], tmp_path_factory: pytest.TempPathFactory) -> Polyglots:
    """Model → a service that speaks every protocol, and a client of it."""
    tensor = tmp_path_factory.mktemp("tensor")
    write_tensor_model(tensor)
    python = tmp_path_factory.mktemp("python")
    write_predictor(python)
    folders = {**models, "tensor": tensor, "python": python}
    return {name: _polyglot(folder) for name, folder in folders.items()}


def _polyglot(folder: Path) -> tuple[Service, TestClient]:
    start = Start("r-0123456789ab", ALL, None, "/aip/predict", "/aip/health")
    service = Service(folder, start)
    service.load()
    return service, TestClient(service.app, raise_server_exceptions=False)


@pytest.fixture
def polyglot(polyglots: Polyglots) -> TestClient:
    """A client of the binary service."""
    return polyglots["binary"][1]
