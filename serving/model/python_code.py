"""The predictor of a model folder: Python code, for models that cannot be exported to ONNX.

    predictor/__init__.py    load(path) → an object with predict(columns)
    predictor/…              weights in the library's own format or safetensors; no pickles

`path` is the folder. `columns` are what an ONNX graph would get, [rows, *shape] by input, NaN
for a missing number; `predict` returns scores [rows], or [rows, classes] for several classes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serving.contract import PREDICTOR
from serving.errors import ScoreError
from serving.importing import import_predictor, one_line
from serving.model.engine import Engine
from serving.model.pickles import pickled
from serving.rows.column import Array
from serving.strict import DocumentError

logger = logging.getLogger("serving")


def load_predictor(folder: Path) -> Engine:
    """The engine that `folder`/predictor makes.

    Raises:
        DocumentError: it holds a pickle, cannot be imported, or lacks load or predict.
    """
    home = folder / PREDICTOR
    if not (home / "__init__.py").is_file():
        raise DocumentError(f"{PREDICTOR}/__init__.py: no such file; the runtime is python")
    if pickles := pickled(home):
        raise DocumentError(
            f"{PREDICTOR}/{pickles}; a pickle runs whatever its author wrote: save weights in the "
            "library's own format or as safetensors"
        )
    try:
        module = import_predictor(home)
    except Exception as error:  # the code is the fork's own: it may raise anything
        raise DocumentError(
            f"{PREDICTOR} cannot be imported: {one_line(error)}. What it needs belongs in "
            "model/predictor.in; `make lock` locks it"
        ) from error
    try:
        loaded = module.load(home)
        predict = loaded.predict
    except Exception as error:  # as above
        raise DocumentError(f"{PREDICTOR}: load(path) failed: {one_line(error)}") from error

    def engine(columns: Mapping[str, Array]) -> Array:
        return _scores(predict, columns)

    return engine


def _scores(predict: Any, columns: Mapping[str, Array]) -> Array:
    rows = len(next(iter(columns.values())))
    try:
        score = np.asarray(predict(columns), np.float32)
    except Exception as error:  # as above; a client is not told what is inside
        logger.error("the predictor failed", exc_info=error)
        raise ScoreError(f"the model cannot score these rows: {type(error).__name__}") from error
    if score.ndim == 0 or len(score) != rows:
        raise ScoreError(f"the model answered {list(score.shape)} for {rows} rows")
    return score
