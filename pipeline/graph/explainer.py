"""Write what local explanations need, beside the exported model.

explainer.json            how: by the model's trees, or by trying inputs one after the other
explainer.onnx, .npz      trees: inputs → the matrix that they split, and the paths to leaves
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from pipeline.data.columns import dtype_of, is_missing
from pipeline.errors import PipelineError
from pipeline.graph import encoding
from pipeline.graph import onnx as onnx_graph
from pipeline.graph import tree_paths as paths
from pipeline.graph.forest import Forest, UnfitError, read_forest
from serving.contract import (
    EXPLAINER,
    EXPLAINER_ENCODER,
    EXPLAINER_PATHS,
    Contract,
    Explanation,
    Link,
    render,
)

Wanted = Literal["auto", "trees", "sampling", "off"]
CHECKED = 2000  # rows on which the trees must give the model's scores
TOLERANCE = 1e-5  # as a share of the largest score, if that is above 1


@dataclass(frozen=True)
class Material:
    """The exported graph, None for code; and the features that the model was fitted on."""

    content: bytes | None
    rows: pd.DataFrame
    contract: Contract


def write(folder: Path, material: Material, wanted: Wanted) -> str:
    """Write the explainer into `folder`; in a few words, which one it is.

    Raises:
        PipelineError: `trees` are wanted, and the model cannot be explained by them.
    """
    if wanted == "off":
        return "none"
    reason = ""
    if wanted != "sampling":
        try:
            return _write_trees(folder, material)
        except UnfitError as error:
            reason = str(error)
    if wanted == "trees":
        raise PipelineError(
            f"export.explain is trees, but the model cannot be explained by them: {reason}. Set "
            "export.explain to auto in params.yaml and run `dvc repro`."
        )
    method = Explanation(method="sampling", link=_sampled_link(material.contract))
    method = method.model_copy(update={"reference": _reference(material)})
    (folder / EXPLAINER).write_text(render(method), encoding="utf-8")
    return f"sampling ({reason})" if reason else "sampling"


def _write_trees(folder: Path, material: Material) -> str:
    if material.content is None:
        raise UnfitError("it is code")
    encoder = encoding.cut(material.content, material.rows, material.contract)
    matrix = encoder(material.rows, material.contract)
    forest, link = _linked(read_forest(encoder.trees), matrix, material)
    arrays = paths.arrays(forest, encoder.owners, matrix)
    (folder / EXPLAINER_ENCODER).write_bytes(encoder.content)
    np.savez(folder / EXPLAINER_PATHS, allow_pickle=False, **arrays)
    method = Explanation(method="trees", link=link)
    (folder / EXPLAINER).write_text(render(method), encoding="utf-8")
    return f"{len(forest.roots)} trees"


def _linked(forest: Forest, matrix: np.ndarray, material: Material) -> tuple[Forest, Link]:
    """The forest and the function from its sums to the model's scores, found by trying."""
    assert material.content is not None
    every = max(1, len(matrix) // CHECKED)
    raw = _sums(forest, matrix[::every])
    session = onnx_graph.session_of(material.content)
    scores = onnx_graph.predict(session, material.rows.iloc[::every], material.contract)
    if material.contract.task != "multiclass" and raw.shape[1] == 2:  # both classes; one is enough
        values, base = forest.values[:, 1:], forest.base[1:]
        forest = Forest(**{**vars(forest), "values": values, "base": base})
        raw = raw[:, 1:]
    if raw.size == scores.size:
        allowed = TOLERANCE * max(1.0, float(np.abs(scores).max()))
        for link, apply in _LINKS.items():
            if np.abs(apply(raw).reshape(scores.shape) - scores).max() <= allowed:
                return forest, link
    raise UnfitError("its scores are no function of the sum of its trees")


def _logistic(raw: np.ndarray) -> np.ndarray:
    result: np.ndarray = 1 / (1 + np.exp(-raw))
    return result


def _softmax(raw: np.ndarray) -> np.ndarray:
    exponents = np.exp(raw - raw.max(axis=1, keepdims=True))
    result: np.ndarray = exponents / exponents.sum(axis=1, keepdims=True)
    return result


_LINKS: Mapping[Link, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda raw: raw,
    "logistic": _logistic,
    "softmax": _softmax,
}


def _sums(forest: Forest, matrix: np.ndarray) -> np.ndarray:
    """What the trees add up to: [rows, outputs]."""
    total = np.tile(forest.base, (len(matrix), 1))
    every = np.arange(len(matrix))
    for root in forest.roots:
        node = np.full(len(matrix), root)
        while (inner := forest.yes[node] >= 0).any():
            values = matrix[every, forest.column[node]]
            leads = np.where(np.isnan(values), forest.missing[node], values <= forest.limit[node])
            step = np.where(leads, forest.yes[node], forest.no[node])
            node = np.where(inner, step, node)
        total += forest.values[node]
    return total


def _sampled_link(contract: Contract) -> Link:
    return "logistic" if contract.task == "binary" else "identity"


def _reference(material: Material) -> dict[str, Any]:
    """A typical row: medians, and the most frequent values of what has no order."""
    return {spec.name: _typical(material.rows[spec.name]) for spec in material.contract.inputs}


def _typical(column: pd.Series) -> Any:
    present = column[~is_missing(column)]
    if not len(present):
        return None
    kind = dtype_of(column)
    if kind in ("string", "bool"):
        typical = present.mode().iloc[0]
        return bool(typical) if kind == "bool" else str(typical)
    middle = present.sort_values().iloc[len(present) // 2]
    return int(middle) if kind == "int64" else float(str(np.float32(middle)))
