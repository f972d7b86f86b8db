"""The fork's own package, `model/`."""

from __future__ import annotations

import importlib
from types import ModuleType

from pipeline.errors import PipelineError


def user_model() -> ModuleType:
    """Import `model/`.

    Raises:
        PipelineError: a library is missing, or `load` or `fit` is.
    """
    try:
        model = importlib.import_module("model")
    except ImportError as error:
        missing = error.name or str(error)
        raise PipelineError(
            f"model/ cannot be imported: {error}. If {missing!r} is a library, add it to "
            "model/requirements.in, run `make lock` and `make setup`, then `dvc repro`."
        ) from error
    for function in ("load", "fit"):
        if not callable(getattr(model, function, None)):
            raise PipelineError(
                f"model/__init__.py has no function `{function}`. docs/model.md shows a minimal "
                "one; add it and run `dvc repro`."
            )
    return model
