"""MLflow, told of a run from outside of the seal: it needs a network and writes in the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pipeline.errors import PipelineError

HERE = str(Path(__file__).resolve().parents[2])


class Tracker:
    """`pipeline.export.tracking` in a process of its own, which imports MLflow while the stage
    works."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.export.tracking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"MLFLOW_DISABLE_TELEMETRY": "true", **os.environ, "PYTHONPATH": HERE},
        )

    def __enter__(self) -> Tracker:
        return self

    def __exit__(self, *_: object) -> None:
        """Where nothing was logged the process sees the end of its input, and ends."""
        if self._process.poll() is None:
            self._process.communicate()

    def log(self, folder: Path, metrics: Path) -> str:
        """Log the model in `folder` with what the file `metrics` has; the id of the run.

        Raises:
            PipelineError: MLflow cannot be reached.
        """
        run = {"folder": str(folder), "metrics": json.loads(metrics.read_text(encoding="utf-8"))}
        out, err = self._process.communicate(json.dumps(run))
        if self._process.returncode:
            raise PipelineError(err.strip().splitlines()[-1] if err.strip() else "MLflow failed")
        return out.strip()
