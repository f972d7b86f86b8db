"""The trained models as files: only the pipeline reads them, and none enters a bento."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from pipeline.data.io import TRAINED
from pipeline.errors import PipelineError
from pipeline.trained.user_model import user_model

SHIPPED = "model.pkl"
VALIDATED = "validated.pkl"  # there only with `train.refit`


def read_trained(*, shipped: bool) -> Any:
    """The model that ships, or the one that has not seen validation.

    Raises:
        PipelineError: it is not there.
    """
    path = TRAINED / VALIDATED
    if shipped or not path.exists():
        path = TRAINED / SHIPPED
    user_model()  # a model may hold classes of model/; says what is missing there
    try:
        return pickle.loads(path.read_bytes())  # nosec B301 - train wrote it on this machine
    except FileNotFoundError as error:
        raise PipelineError(
            f"{path} is not there; the stage train writes it. Run `dvc repro train`."
        ) from error


def dump(model: Any, path: Path) -> None:
    """Write a trained model.

    Raises:
        PipelineError: it cannot be pickled.
    """
    try:
        path.write_bytes(pickle.dumps(model, protocol=5))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise PipelineError(
            f"what model.fit returned cannot be stored: {error}. Lambdas and local classes are the "
            "usual reason: move them to the top of a module in model/; then run `dvc repro`."
        ) from error
