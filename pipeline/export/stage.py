"""Export: the model as ONNX, or as Python code, with its contract and examples, checked.

trained model, train, validation, metrics  →  artifacts/model/{model.onnx or predictor/,
contract.json, examples.jsonl, explainer.*[, behaviours.jsonl, card.md]}, and what MLflow is told
beside them: `pipeline.export.tracking` tells it, since this stage has no network.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.columns import feature_names
from pipeline.data.io import METRICS, TOLD, read_part, whole, write_json
from pipeline.data.io import MODEL as FOLDER
from pipeline.errors import PipelineError
from pipeline.export import behaviours, examples, parity, predictor
from pipeline.export.contract import Seen, infer
from pipeline.graph import explainer, quantize
from pipeline.graph import onnx as onnx_graph
from pipeline.settings import Export, Settings
from pipeline.trained.artifacts import read_trained
from pipeline.trained.score import refusal, score
from serving.contract import (
    CARD,
    CONTRACT,
    EXAMPLES,
    MODEL,
    PREDICTOR,
    Contract,
    Quantization,
    render_contract,
)

PARITY_ROWS = 5000
ALONE = 500  # rows that are scored one by one, where that makes a difference
OWN_CARD = Path("model") / CARD


@dataclass(frozen=True)
class Exported:
    """A converted model that agrees with the trained one within `worst` on `rows` rows."""

    content: bytes
    worst: float
    rows: int


def export(settings: Settings) -> str:
    """Write the model folder."""
    seen, features = _seen(settings)
    contract = infer(seen, features, settings)
    sample = seen.validation.iloc[:: max(1, len(seen.validation) // PARITY_ROWS)]
    chosen = examples.choose(sample[features], contract, settings.export.examples)
    ids = [str(i) for i in sample[settings.data.roles.row_id]]
    ids += [f"{n} of the examples" for n in range(1, len(chosen) + 1)]
    rows = pd.concat([sample[features], chosen], ignore_index=True)
    rows = rows.set_axis(ids)
    with whole(FOLDER) as folder:
        folder.mkdir()
        written = _write(folder, seen.model, contract, rows, settings.export)
        contract = contract.model_copy(update={"quantization": written.quantization})
        explained = explainer.write(
            folder, _material(folder, contract, seen.rows[features]), settings.export.explain
        )
        (folder / CONTRACT).write_text(render_contract(contract), encoding="utf-8")
        answers = score(seen.model, chosen, contract.task)
        text = examples.render(chosen, answers, contract)
        (folder / EXAMPLES).write_text(text, encoding="utf-8")
        if OWN_CARD.exists():
            shutil.copyfile(OWN_CARD, folder / CARD)
        behaviours.write(folder, contract)
    write_json(TOLD, _metrics() | written.metrics)
    return (
        f"export: {contract.runtime}{written.note}, agrees within {written.worst:.1g} on "
        f"{len(rows):,} rows; explained by {explained}"
    )


@dataclass(frozen=True)
class Written:
    """A model in its folder, which agrees with the trained one within `worst`. `speed_up` is
    what int8 brought, None where it was not asked for."""

    worst: float
    speed_up: float | None = None
    quantization: Quantization | None = None

    @property
    def note(self) -> str:
        return "" if self.speed_up is None else f", int8, {self.speed_up:.1f} times as fast"

    @property
    def metrics(self) -> dict[str, float]:
        """For MLflow alone: a file with a time in it would never be the same twice."""
        return {} if self.speed_up is None else {"int8_speed_up": self.speed_up}


def _write(
    folder: Path, model: Any, contract: Contract, rows: pd.DataFrame, chosen: Export
) -> Written:
    """Write the model into `folder`."""
    if contract.runtime == "onnx" and chosen.quantize == "off":
        made = converted(model, contract, rows, chosen.tolerance)
        (folder / MODEL).write_bytes(made.content)
        return Written(made.worst)
    if contract.runtime == "onnx":
        return _write_int8(folder / MODEL, model, contract, rows, chosen.tolerance)
    predictor.write(model, folder / PREDICTOR)
    exported = predictor.scorer(folder / PREDICTOR, contract)
    return Written(parity.check(_pair(model, contract, exported), rows, chosen.tolerance))


def _write_int8(
    file: Path, model: Any, contract: Contract, rows: pd.DataFrame, tolerance: float
) -> Written:
    """PipelineError if int8 disagrees with the trained model, or is no faster."""
    before = onnx_graph.convert(model, contract).SerializeToString(deterministic=True)
    after = quantize.quantized(before)
    session = onnx_graph.session_of(after)

    def together(some: pd.DataFrame) -> np.ndarray:
        return np.asarray(onnx_graph.predict(session, some, contract))

    def alone(some: pd.DataFrame) -> np.ndarray:
        return np.concatenate([together(some.iloc[[row]]) for row in range(len(some))])

    # What is multiplied is rounded by the range it has in a request, so both are looked at.
    worst = max(
        parity.check(_pair(model, contract, together), rows, tolerance),
        parity.check(_pair(model, contract, alone), rows.iloc[:ALONE], tolerance),
    )
    times = quantize.check_speed(before, after, rows, contract)
    file.write_bytes(after)
    return Written(worst, times, Quantization(kind="int8", worst=worst, tolerance=tolerance))


def _pair(model: Any, contract: Contract, exported: parity.Scorer) -> parity.Pair:
    return parity.Pair(lambda some: score(model, some, contract.task), exported)


def _material(folder: Path, contract: Contract, rows: pd.DataFrame) -> explainer.Material:
    file = folder / MODEL
    return explainer.Material(file.read_bytes() if file.exists() else None, rows, contract)


def converted(model: Any, contract: Contract, rows: pd.DataFrame, tolerance: float) -> Exported:
    """Convert the model and compare it with the trained one.

    `rows` hold the features; their index names them in an error.

    Raises:
        PipelineError: no converter knows the model, or the two disagree.
    """
    content = onnx_graph.convert(model, contract).SerializeToString(deterministic=True)
    session = onnx_graph.session_of(content)
    pair = _pair(model, contract, lambda some: onnx_graph.predict(session, some, contract))
    return Exported(content, parity.check(pair, rows, tolerance), len(rows))


def _seen(settings: Settings) -> tuple[Seen, list[str]]:
    train, validation = read_part("train"), read_part("validation")
    model: Any = read_trained(shipped=True)
    features = feature_names(train, settings.data.roles, None)
    rows = train
    if settings.train.refit:
        rows = pd.concat([train, validation], ignore_index=True)
    try:
        scores = score(model, validation[features], settings.data.task)
    except (ValueError, KeyError) as error:
        raise refusal(error, validation, train[features]) from error
    return Seen(model, rows, validation, scores, _metrics().get("threshold")), features


def _metrics() -> dict[str, float]:
    try:
        return dict(json.loads(METRICS.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise PipelineError(
            f"{METRICS} is not there; the stage evaluate writes it. Run `dvc repro evaluate`."
        ) from error
