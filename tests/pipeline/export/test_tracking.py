from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.data.io import MODEL
from pipeline.errors import PipelineError
from pipeline.export import tracking
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]


def test_a_run_is_found_by_the_hash_of_its_model(
    workspace: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters, metrics, data revision and model files are there, in SQLite in the checkout."""
    from mlflow import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    place = workspace("minimal")
    settings = place.run()
    run_id = tracking.track(settings, MODEL, {"log_loss": 0.5})
    client = MlflowClient(f"sqlite:///{place.path / 'mlflow.db'}")
    model = hashlib.sha256((MODEL / "model.onnx").read_bytes()).hexdigest()
    experiment = client.get_experiment_by_name("tumours")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], f"tags.model_sha256 = '{model}'")
    assert [run.info.run_id for run in found] == [run_id]
    run = found[0]
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"log_loss": 0.5}
    assert run.data.params["model.fit.C"] == "1.0"
    assert run.data.params["prepare.split.kind"] == "random"
    assert len(run.data.tags["data_sha256"]) == 64
    files = {file.path for file in client.list_artifacts(run_id, "model")}
    names = ("model.onnx", "contract.json", "examples.jsonl", "explainer.json")
    assert files == {f"model/{name}" for name in names}
    assert Path(run.info.artifact_uri.removeprefix("file://")).is_relative_to(place.path / "mlruns")


def test_a_server_that_cannot_be_reached(workspace: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = workspace("minimal").run()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(PipelineError, match=r"127.0.0.1:9 cannot be used.*MLFLOW_TRACKING_URI"):
        tracking.track(settings, MODEL, {})


def test_an_experiment_in_a_temporary_folder_is_logged_in_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dvc exp run --temp` works in a copy inside .dvc/tmp and throws it away."""
    copy = tmp_path / ".dvc" / "tmp" / "exps" / "tmp123"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    assert tracking.checkout() == tmp_path
    monkeypatch.chdir(tmp_path)
    assert tracking.checkout() == tmp_path
