"""Export a model as Python code: the fork's `model/predictor/`, and the weights that it saves.

For models that no converter knows. `export.runtime: python` in params.yaml asks for it; then
`model.save(trained, path)` writes the weights beside a copy of the code, and
`predictor.load(path)` returns what the service calls: an object with `predict(columns)`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.columns import arrays
from pipeline.errors import PipelineError
from pipeline.export.parity import Scorer
from pipeline.trained.user_model import user_model
from serving.contract import PREDICTOR, Contract
from serving.importing import import_predictor, one_line

SOURCE = Path("model") / PREDICTOR
HINT = "docs/model.md shows one; mend it and run `dvc repro`."


def write(model: Any, home: Path) -> None:
    """Write the code and the weights of `model` into the new folder `home`.

    Raises:
        PipelineError: the fork has no predictor or no `save`, or that fails.
    """
    save = getattr(user_model(), "save", None)
    if not (SOURCE / "__init__.py").is_file() or not callable(save):
        raise PipelineError(
            f"export.runtime is python, which needs {SOURCE}/__init__.py with load(path) and "
            f"`save(model, path)` in model/__init__.py. {HINT}"
        )
    shutil.copytree(SOURCE, home, ignore=shutil.ignore_patterns("__pycache__"))
    try:
        save(model, home)
    except Exception as error:  # the code is the fork's own: it may raise anything
        raise PipelineError(f"model.save failed: {one_line(error)}. {HINT}") from error


def scorer(home: Path, contract: Contract) -> Scorer:
    """What the predictor in `home` answers: rows of conformed features → scores.

    Raises:
        PipelineError: it cannot be imported or loaded, or, later, cannot score.
    """
    try:
        predictor = import_predictor(home).load(home)
    except Exception as error:  # as above
        raise PipelineError(f"{SOURCE} cannot be loaded: {one_line(error)}. {HINT}") from error

    def score(rows: pd.DataFrame) -> np.ndarray:
        try:
            scores = np.asarray(predictor.predict(arrays(rows, contract)), "float32")
        except Exception as error:  # as above
            raise PipelineError(f"{SOURCE} cannot score: {one_line(error)}. {HINT}") from error
        expected = (len(rows), *contract.outputs[0].shape)
        if scores.shape != expected:
            raise PipelineError(
                f"{SOURCE} answered {list(scores.shape)} for {len(rows)} rows, expected "
                f"{list(expected)}. {HINT}"
            )
        return scores

    return score
