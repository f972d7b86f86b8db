"""Tell MLflow about a run: parameters, metrics, the data's revision and the model files.

SQLite in the checkout, or the server that `MLFLOW_TRACKING_URI` names. The run is found by its
tag `model_sha256`, the hash of model.onnx or of the predictor's files: the run's id stays out of
every artifact, so that two runs give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.data.io import DATA
from pipeline.errors import PipelineError
from pipeline.settings import Settings, read_settings, tracking_uri
from serving.contract import MODEL, PREDICTOR

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "model_sha256"


def track(settings: Settings, folder: Path, metrics: dict[str, float]) -> str:
    """Log one run and return its id.

    Raises:
        PipelineError: MLflow cannot be reached.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nobody else is told about a run
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException

    for name in ("mlflow", "alembic"):  # they tell of every table that they make
        logging.getLogger(name).setLevel(logging.WARNING)
    uri = tracking_uri()
    now = int(time.time() * 1000)
    try:
        client = MlflowClient(uri or f"sqlite:///{checkout() / 'mlflow.db'}")
        run = client.create_run(_experiment(client, settings.export.name, local=uri is None))
        run_id = str(run.info.run_id)
        client.log_batch(
            run_id,
            [Metric(name, value, now, 0) for name, value in metrics.items()],
            [Param(name, str(value)[:500]) for name, value in flat(settings)],
            [RunTag(name, value) for name, value in tags(folder).items()],
        )
        client.log_artifacts(run_id, str(folder), "model")
        client.set_terminated(run_id)
    except (MlflowException, OSError) as error:
        raise PipelineError(
            f"MLflow at {uri or 'mlflow.db'} cannot be used: {' '.join(str(error).split())[:300]}. "
            "Start the server or unset MLFLOW_TRACKING_URI (SQLite in the checkout), then run "
            "`dvc repro`."
        ) from error
    return run_id


def checkout() -> Path:
    """The checkout that keeps mlflow.db: `dvc exp run --temp` works in a copy inside .dvc/tmp."""
    here = Path.cwd()
    return next((p.parent for p in here.parents if p.name == ".dvc"), here)


def flat(settings: Settings) -> list[tuple[str, Any]]:
    """params.yaml as dotted path and value; without the demo and the columns."""
    content = settings.model_dump(mode="json", exclude={"demo": True, "prepare": {"columns"}})
    return list(_flat(content, ""))


def tags(folder: Path) -> dict[str, str]:
    """What the run was made from and what it made."""
    model = hashlib.sha256()
    code = folder / PREDICTOR
    for file in sorted(path for path in code.rglob("*") if path.is_file()) or [folder / MODEL]:
        model.update(file.read_bytes())
    data = hashlib.sha256()
    for part in ("train", "validation"):
        data.update((DATA / f"{part}.parquet").read_bytes())
    return {TAG: model.hexdigest(), "data_sha256": data.hexdigest(), "git_commit": _commit()}


def _experiment(client: MlflowClient, name: str, *, local: bool) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    place = (checkout() / "mlruns").as_uri() if local else None
    return str(client.create_experiment(name, artifact_location=place))


def _commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "none"


def _flat(content: dict[str, Any], path: str) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in content.items():
        name = f"{path}.{key}" if path else str(key)
        pairs += _flat(value, name) if isinstance(value, dict) else [(name, value)]
    return pairs


def main() -> int:
    """Log what `pipeline.sealed.tracker` tells on stdin: nothing, where the export failed."""
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401  (the slow part, before we wait)

    document = sys.stdin.read()
    if not document:
        return 0
    content = json.loads(document)
    try:
        print(track(read_settings(), Path(content["folder"]), content["metrics"]))
    except PipelineError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
