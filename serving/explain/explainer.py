"""Why a score is what it is: contributions by input that add up to it.

They add up in the model's raw sum, of which a score is a function (`Explanation.link`): log-odds
for the logistic function. base + contributions = raw to 1e-6, which is checked for each row, and
so is that the raw sum gives the score that /predict would give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serving.contract import (
    EXPLAINER,
    EXPLAINER_ENCODER,
    EXPLAINER_PATHS,
    MATRIX,
    Contract,
    Explanation,
    Link,
    read_explanation,
)
from serving.errors import ScoreError
from serving.explain.method import Doubles, Method, Sums
from serving.explain.sampling import Sampling
from serving.explain.treeshap import TreeShap, read_paths
from serving.model.engine import Engine
from serving.rows.column import Array
from serving.settings.policy import Compute

EXACT = 1e-6  # of the largest raw sum, if that is above 1
CLOSE = 1e-4  # the same for scores, which graphs add up in float32


@dataclass(frozen=True, slots=True)
class Explained:
    """Several rows explained; `score` as the model gave it."""

    score: Array
    sums: Sums


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains scores of `engine` by `method`."""

    how: Explanation
    method: Method

    def __call__(self, columns: Mapping[str, Array], score: Array) -> Explained:
        """Explain rows whose scores are `score`.

        Raises:
            ScoreError: what was found does not add up to the scores; a fault of the model.
        """
        sums = self.method(columns)
        added = sums.base + sums.parts.sum(axis=1)
        expected = LINKS[self.how.link](sums.raw).reshape(score.shape)
        if _apart(added, sums.raw) > EXACT or _apart(expected, score) > CLOSE:
            raise ScoreError("the explanation does not add up to the score")
        return Explained(score, sums)


def load_explainer(
    folder: Path, contract: Contract, engine: Engine, compute: Compute
) -> Explainer | None:
    """The explainer in `folder`; None if there is none.

    Raises:
        DocumentError: a file is missing, malformed, or does not fit the model.
    """
    if not (folder / EXPLAINER).is_file():
        return None
    how = read_explanation(folder)
    if how.method == "trees":
        from serving.model.graph import Part, load_graph  # as needed: it brings ONNX Runtime

        encode = load_graph(folder, contract, compute, Part(EXPLAINER_ENCODER, MATRIX))
        paths = read_paths(folder / EXPLAINER_PATHS, len(contract.inputs))
        return Explainer(how, TreeShap(encode, paths))
    return Explainer(how, Sampling(contract, engine, how))


def _logistic(raw: Doubles) -> Doubles:
    result: Doubles = 1 / (1 + np.exp(-raw))
    return result


def _softmax(raw: Doubles) -> Doubles:
    exponents = np.exp(raw - raw.max(axis=1, keepdims=True))
    result: Doubles = exponents / exponents.sum(axis=1, keepdims=True)
    return result


LINKS: Mapping[Link, Callable[[Doubles], Doubles]] = {
    "identity": lambda raw: raw,
    "logistic": _logistic,
    "softmax": _softmax,
}


def _apart(actual: Array, expected: Array) -> float:
    """The largest difference, as a share of the largest value where that is above 1."""
    unit = max(1.0, float(np.abs(expected).max()))
    return float(np.abs(actual - expected).max()) / unit
