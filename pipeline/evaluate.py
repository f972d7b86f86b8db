"""Evaluate: measure the model on validation. The holdout stays shut: `delivery gate` opens it.

validated model, train, validation  →  artifacts/evaluation/{metrics,slices}.json,
scores.parquet (of the validation rows, in their order), plots/
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.columns import feature_names
from pipeline.data.io import EVALUATION, METRICS, SCORES, read_part, run, whole, write_frame
from pipeline.errors import PipelineError
from pipeline.settings import Settings
from pipeline.trained import metrics as quality
from pipeline.trained.artifacts import read_trained
from pipeline.trained.score import classes_of, refusal, score
from serving.contract import Task

SLICE_ROWS = 30  # a smaller slice says nothing


@dataclass(frozen=True)
class Scored:
    """Validation rows with what happened (class numbers or values) and what the model said."""

    task: Task
    rows: pd.DataFrame
    observed: np.ndarray
    scores: np.ndarray
    threshold: float | None

    def measure(self, at: np.ndarray | slice = slice(None)) -> dict[str, float]:
        """The metrics of the rows `at`."""
        return quality.measure(self.task, self.observed[at], self.scores[at], self.threshold)


def evaluate(settings: Settings) -> str:
    """Write metrics, slices and plots."""
    train, validation = read_part("train"), read_part("validation")
    model = read_trained(shipped=False)
    task, label = settings.data.task, settings.data.roles.label
    classes = classes_of(model, task)
    features = feature_names(train, settings.data.roles, None)
    try:
        scores = score(model, validation[features], task)
    except (ValueError, KeyError) as error:
        raise refusal(error, validation, train[features]) from error
    if not np.isfinite(scores).all():
        raise PipelineError(
            f"the model answers NaN or infinity for {int((~np.isfinite(scores)).sum())} "
            "validation scores. Mend model.fit and run `dvc repro`."
        )
    observed = numbered(validation[label], classes)
    threshold = choose_threshold(settings, observed, scores)
    scored = Scored(task, validation, observed, scores, threshold)
    metrics = scored.measure()
    count = len(classes or ())
    metrics["baseline"] = quality.baseline(task, numbered(train[label], classes), observed, count)
    if threshold is not None:
        metrics["threshold"] = threshold
    metrics["rows"] = len(validation)
    _write(scored, metrics, settings.data.roles.segments)
    name, value = next(iter(metrics.items()))
    return f"evaluate: {name} {value:.4f} on validation, baseline {metrics['baseline']:.4f}"


def numbered(label: pd.Series, classes: tuple[str, ...] | None) -> np.ndarray:
    """Labels as places in `classes`; values of a regression as they are.

    Raises:
        PipelineError: a label that the model does not know.
    """
    if classes is None:
        return label.to_numpy(dtype="float64")
    place = {name: index for index, name in enumerate(classes)}
    codes, values = pd.factorize(label)
    unknown = sorted({str(value) for value in values} - set(classes))
    if unknown:
        raise PipelineError(
            f"validation holds the label {unknown[0]!r}, which training never saw (it saw "
            f"{', '.join(classes)}). Bring more data or change prepare.split in params.yaml; "
            "then run `dvc repro`."
        )
    return np.array([place[str(value)] for value in values], dtype="int64")[codes]


def choose_threshold(settings: Settings, observed: np.ndarray, scores: np.ndarray) -> float | None:
    """The threshold of a binary task; None for others."""
    if settings.data.task != "binary":
        return None
    wanted = settings.evaluate.threshold
    return quality.best_f1(observed, scores) if wanted == "f1" else float(wanted)


def slices(scored: Scored, segments: tuple[str, ...]) -> list[dict[str, object]]:
    """The metrics of each value of each segment that has rows enough."""
    rows: list[dict[str, object]] = []
    for segment in segments:
        for value, at in sorted(scored.rows.groupby(segment).indices.items()):
            if len(at) >= SLICE_ROWS:
                line = {"segment": segment, "value": str(value), "rows": len(at)}
                rows.append(line | scored.measure(np.asarray(at)))
    return rows


def _write(scored: Scored, metrics: dict[str, float], segments: tuple[str, ...]) -> None:
    single = scored.task != "multiclass"
    observed = (
        scored.observed if single else np.eye(scored.scores.shape[1])[scored.observed].ravel()
    )
    plots = {
        "calibration": quality.calibration(observed, scored.scores.ravel()),
        "errors": quality.errors(scored.task, scored.observed, scored.scores),
        "roc": quality.roc(scored.task, scored.observed, scored.scores),
    }
    with whole(EVALUATION) as folder:
        (folder / "plots").mkdir(parents=True)
        _dump(folder / METRICS.name, metrics)
        _dump(folder / "slices.json", slices(scored, segments))
        write_frame(folder / SCORES.name, pd.DataFrame(scored.scores).rename(columns=str))
        for name, points in plots.items():
            _dump(folder / "plots" / f"{name}.json", points)


def _dump(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run(evaluate)
