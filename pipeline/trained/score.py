"""Ask a trained model for its scores, in the one shape that every later step uses.

binary → P(positive), [rows]; multiclass → [rows, classes]; regression → [rows]; float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.columns import dtype_of
from pipeline.errors import PipelineError
from serving.contract import Task


def score(model: Any, rows: pd.DataFrame, task: Task) -> np.ndarray:
    """The scores of `rows`, which hold the features and nothing else."""
    if task == "regression":
        return np.asarray(model.predict(rows), dtype="float64").reshape(len(rows))
    probabilities = np.asarray(model.predict_proba(rows), dtype="float64")
    return probabilities[:, 1] if task == "binary" else probabilities


def classes_of(model: Any, task: Task) -> tuple[str, ...] | None:
    """The labels of the score's columns, in order; None for a regression.

    Raises:
        PipelineError: the model does not fit the task.
    """
    advice = "Mend model.fit or data.task in params.yaml and run `dvc repro`."
    wanted = "predict" if task == "regression" else "predict_proba"
    if not hasattr(model, wanted):
        raise PipelineError(
            f"model.fit returned {type(model).__name__} without `{wanted}`, which the task "
            f"{task} needs. {advice}"
        )
    if task == "regression":
        return None
    labels = getattr(model, "classes_", None)
    if labels is None or (task == "binary" and len(labels) != 2):
        kind = "no classes_" if labels is None else f"{len(labels)} classes"
        raise PipelineError(f"the task is {task}, and the model has {kind}. {advice}")
    return tuple(str(label) for label in labels)


def unseen_categories(rows: pd.DataFrame, seen: pd.DataFrame) -> dict[str, list[str]]:
    """The categories of each text column of `rows` that `seen` does not have."""
    unseen = {}
    for name in seen.columns:
        if dtype_of(seen[name]) == "string":
            unseen[str(name)] = sorted(set(rows[name]) - set(seen[name]))
    return {name: values for name, values in unseen.items() if values}


def refusal(error: Exception, rows: pd.DataFrame, seen: pd.DataFrame) -> PipelineError:
    """Why a model could not score `rows`: most often a category that training never saw."""
    unseen = unseen_categories(rows, seen)
    if not unseen:
        return PipelineError(
            f"the model cannot score the validation rows: {error}. Mend model.fit and run "
            "`dvc repro`."
        )
    name, values = next(iter(unseen.items()))
    return PipelineError(
        f"the model refuses {_listed(values)} in column {name!r}, which training never saw. Let "
        'it cope (`OneHotEncoder(handle_unknown="ignore")` for instance), or reject such rows in '
        "model.load; then run `dvc repro`."
    )


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""
    return ", ".join(repr(value) for value in values[:3]) + more
