from __future__ import annotations

import re

from tests.pipeline.sealed.conftest import Place


def test_mlflow_is_told_from_outside_of_the_seal(evaluated: Place) -> None:
    done = evaluated.run("export")
    assert done.returncode == 0, done.stderr
    run = re.search(r"export: MLflow run ([0-9a-f]{32})", done.stdout)
    assert run
    assert (evaluated.path / "mlflow.db").is_file()
    logged = next((evaluated.path / "mlruns").rglob(f"{run[1]}/artifacts/model/model.onnx"))
    assert logged.read_bytes() == (evaluated.path / "artifacts/model/model.onnx").read_bytes()


def test_a_server_that_cannot_be_reached_leaves_the_last_good_model(evaluated: Place) -> None:
    model = evaluated.path / "artifacts" / "model"
    model.mkdir()
    (model / "model.onnx").write_text("the last one")
    wrong = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    done = evaluated.run("export", **wrong)
    assert done.returncode == 2
    assert "export: MLflow at http://127.0.0.1:9 cannot be used" in done.stderr
    assert (model / "model.onnx").read_text() == "the last one"
