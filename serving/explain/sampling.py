"""Shapley values of any model, by trying: what is the raw sum where only some inputs are known?

The others have the values of a typical row. With up to EXACT inputs every coalition is tried and
the values are exact; with more, those along PAIRS random orders and their reverses, drawn once
with a fixed seed. Either way a contribution is a weighted sum over the coalitions, contributions
add up, and for a model that is linear in the raw sum they are exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import comb

import numpy as np
from numpy.typing import NDArray

from serving.contract import Contract, Explanation
from serving.errors import InvalidRows
from serving.explain.method import Doubles, Sums
from serving.model.engine import Engine
from serving.rows.column import Array
from serving.rows.validate import Validator
from serving.strict import DocumentError

EXACT = 8  # inputs, 256 coalitions
PAIRS = 10
SEED = 0
SURE = 2.0**-24  # a probability in float32 is no nearer to 1 than this; its log-odds are ±16.6


class Sampling:
    """A method of explanation."""

    rows = 1

    def __init__(self, contract: Contract, engine: Engine, how: Explanation) -> None:
        try:
            reference = Validator(contract)([how.reference])
        except InvalidRows as error:
            raise DocumentError(f"the reference of the explainer: {error}") from error
        self._reference = reference.columns
        self._engine = engine
        self._rounds = contract.quantization is not None  # by what is scored beside a row
        self._logistic = how.link == "logistic"
        self._outputs = len(contract.classes or ()) if contract.task == "multiclass" else 1
        self._names = [spec.name for spec in contract.inputs]
        self._known, self._weights = plan(len(self._names))

    def __call__(self, columns: Mapping[str, Array]) -> Sums:
        raws = [self._raw(columns, row) for row in range(len(next(iter(columns.values()))))]
        parts = np.stack([self._weights @ raw for raw in raws])
        return Sums(np.stack([raw[-1] for raw in raws]), raws[0][0], parts)

    def _raw(self, columns: Mapping[str, Array], row: int) -> Doubles:
        """The raw sum of each coalition: [coalitions, outputs]."""
        mixed = {}
        for index, name in enumerate(self._names):
            both = np.concatenate([self._reference[name], columns[name][row : row + 1]])
            mixed[name] = both[self._known[:, index].astype(np.int64)]
        scores = self._engine(mixed)
        if self._rounds:
            alone = {name: column[row : row + 1] for name, column in columns.items()}
            scores = np.concatenate([scores[:-1], self._engine(alone)])
        scores = scores.astype(np.float64).reshape(len(self._known), self._outputs)
        if self._logistic:
            scores = np.clip(scores, SURE, 1 - SURE)
            scores = np.log(scores / (1 - scores))
        return scores


def plan(inputs: int) -> tuple[NDArray[np.bool_], Doubles]:
    """Coalitions [coalitions, inputs], first that of nobody and last that of all; and what each
    weighs in the contribution of each input, [inputs, coalitions]."""
    weights: dict[bytes, Doubles] = {}

    def weigh(coalition: NDArray[np.bool_], player: int, weight: float) -> None:
        row = weights.setdefault(coalition.tobytes(), np.zeros(inputs))
        row[player] += weight

    weigh(np.zeros(inputs, np.bool_), 0, 0.0)
    for before, player, weight in _steps(inputs):
        after = before.copy()
        after[player] = True
        weigh(before, player, -weight)
        weigh(after, player, weight)
    everybody = np.ones(inputs, np.bool_).tobytes()
    weights[everybody] = weights.pop(everybody)  # to the end
    known = np.frombuffer(b"".join(weights), np.bool_).reshape(-1, inputs)
    return known, np.stack(list(weights.values()), axis=1)


def _steps(inputs: int) -> Iterator[tuple[NDArray[np.bool_], int, float]]:
    """A coalition, who joins it, and how much that counts."""
    if inputs <= EXACT:
        for code in range(1 << inputs):
            before = (code >> np.arange(inputs) & 1).astype(np.bool_)
            size = int(before.sum())
            for player in np.flatnonzero(~before).tolist():
                yield before, player, 1 / (inputs * comb(inputs - 1, size))
        return
    random = np.random.default_rng(SEED)
    for _ in range(PAIRS):
        order = random.permutation(inputs).tolist()
        for sequence in (order, order[::-1]):
            before = np.zeros(inputs, np.bool_)
            for player in sequence:
                yield before.copy(), player, 1 / (2 * PAIRS)
                before[player] = True
