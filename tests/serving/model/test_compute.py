"""Execution providers: the best that is there, or a clear refusal to go without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from serving.contract import Task
from serving.http.app import Service
from serving.model.compute import open_session
from serving.settings.policy import Compute, Provider
from serving.settings.service import ServingSettings, Start
from serving.strict import DocumentError
from tests.serving.conftest import LOCALLY, client_of

CUDA, OPENVINO, CPU = (f"{n}ExecutionProvider" for n in ("CUDA", "OpenVINO", "CPU"))


def test_a_machine_without_accelerators_computes_on_the_cpu_and_says_so(
    models: dict[Task, Path],
) -> None:
    client = client_of(models["binary"])
    assert client.get("/release").json()["providers"] == ["cpu"]


def test_a_required_provider_that_is_not_there_stops_the_start_with_one_line(
    models: dict[Task, Path],
) -> None:
    settings = ServingSettings(compute=Compute(providers=("cuda", "cpu"), required=True))
    service = Service(models["binary"], Start("r-0123456789ab", settings, host=LOCALLY))
    with pytest.raises(SystemExit) as caught:
        service.check()
    [line] = str(caught.value).splitlines()
    assert "serving.compute: cuda is required" in line
    assert "this machine has cpu" in line
    open_session(models["binary"] / "model.onnx", Compute(providers=("cpu",), required=True))


@pytest.mark.parametrize(
    ("available", "asked"),
    [
        ([CPU], [CPU]),
        ([CPU, OPENVINO], [OPENVINO, CPU]),
        ([OPENVINO, CUDA, CPU, "AzureExecutionProvider"], [CUDA, OPENVINO, CPU]),
    ],
)
def test_the_best_that_is_there_comes_first(
    models: dict[Task, Path],
    available: list[str],
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ONNX Runtime is asked what it has; here it only claims to have it."""
    given: list[Any] = []
    real = onnxruntime.InferenceSession

    def session(file: Path, options: onnxruntime.SessionOptions, providers: list[Any]) -> Any:
        given.append((dict(providers), options.intra_op_num_threads))
        return real(file, options, providers=[CPU])

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: available)
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    open_session(models["binary"] / "model.onnx", Compute(threads=3))
    exact = {CUDA: {"use_tf32": "0"}}  # as the CPU rounds
    assert given == [({name: exact.get(name, {}) for name in asked}, 3)]
    assert list(given[0][0]) == asked


@pytest.mark.parametrize(
    ("available", "wanted", "looked"),
    [([CUDA, CPU], ("cuda", "cpu"), 1), ([CUDA, CPU], ("cpu",), 0), ([CPU], ("cuda", "cpu"), 0)],
)
def test_cuda_is_looked_for_among_the_packages_where_it_is_wanted(
    models: dict[Task, Path],
    available: list[str],
    wanted: tuple[Provider, ...],
    looked: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[None] = []
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: calls.append(None))
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: available)
    open_session(models["binary"] / "model.onnx", Compute(providers=wanted))
    assert len(calls) == looked


def test_a_provider_that_is_built_in_but_has_no_device_counts_as_absent(
    models: dict[Task, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr("serving.model.compute.providers_of", lambda _: ("cpu",))
    with pytest.raises(DocumentError, match="cuda is required"):
        open_session(models["binary"] / "model.onnx", Compute(providers=("cuda",), required=True))
