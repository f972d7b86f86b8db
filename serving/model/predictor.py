"""The predictor of a model folder: Python code, for models that cannot be exported to ONNX.

    predictor/__init__.py    load(path) → an object with predict(columns)
    predictor/…              weights in the library's own format or safetensors; no pickles

`path` is the folder. `columns` are what an ONNX graph would get, [rows, *shape] by input, NaN
for a missing number; `predict` returns scores [rows], or [rows, classes] for several classes.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from serving.contract import PREDICTOR, ContractError
from serving.model.engine import Engine, ScoreError
from serving.model.pickles import pickled
from serving.rows.column import Array

logger = logging.getLogger("serving")


def load_predictor(folder: Path) -> Engine:
    """The engine that `folder`/predictor makes.

    Raises:
        ContractError: it holds a pickle, cannot be imported, or lacks load or predict.
    """
    home = folder / PREDICTOR
    if not (home / "__init__.py").is_file():
        raise ContractError(f"{PREDICTOR}/__init__.py: no such file; the runtime is python")
    if found := pickled(home):
        raise ContractError(
            f"{PREDICTOR}/{found}; a pickle runs whatever its author wrote: save weights in the "
            "library's own format or as safetensors"
        )
    module = _import(home)
    try:
        loaded = module.load(home)
        predict = loaded.predict
    except Exception as error:  # the code is the fork's own: it may raise anything
        raise ContractError(f"{PREDICTOR}: load(path) failed: {_told(error)}") from error

    def engine(columns: Mapping[str, Array]) -> Array:
        return _scores(predict, columns)

    return engine


def _import(home: Path) -> ModuleType:
    # Bytecode beside the code would be a file that the release does not have.
    sys.dont_write_bytecode = True
    file = home / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        PREDICTOR, file, submodule_search_locations=[str(home)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    for name in [name for name in sys.modules if name.partition(".")[0] == PREDICTOR]:
        del sys.modules[name]
    sys.modules[PREDICTOR] = module  # its own imports, relative or not, find it
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # as above
        raise ContractError(
            f"{PREDICTOR} cannot be imported: {_told(error)}. What it needs belongs in the group "
            "`predictor` of pyproject.toml; `make lock` locks it"
        ) from error
    return module


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


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
