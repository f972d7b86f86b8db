"""Any method can explain, and what it gives is checked before a client sees it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from serving.contract import Explanation
from serving.errors import ScoreError
from serving.explain.explainer import Explainer
from serving.explain.method import Method, Sums
from serving.rows.column import Array


class Halves:
    """Two inputs that add half of `raw` each, `off` apart from it."""

    rows = 1

    def __init__(self, off: float = 0.0) -> None:
        self.off = off

    def __call__(self, columns: Mapping[str, Array]) -> Sums:
        raw = columns["x"].reshape(-1, 1).astype(np.float64)
        parts = np.stack([raw / 2, raw / 2 + self.off], axis=1)
        return Sums(raw, np.zeros(1), parts)


def explained(method: Method, score: float) -> float:
    explainer = Explainer(Explanation(method="sampling", link="identity"), method)
    columns = {"x": np.array([3.0], np.float32)}
    return float(explainer(columns, np.array([score], np.float32)).sums.parts.sum())


def test_contributions_that_add_up_are_the_answer() -> None:
    assert explained(Halves(), 3.0) == 3.0


@pytest.mark.parametrize(("off", "score"), [(1e-5, 3.0), (0.0, 3.01)])
def test_contributions_that_do_not_add_up_are_a_fault_of_the_model(
    off: float, score: float
) -> None:
    with pytest.raises(ScoreError, match="does not add up"):
        explained(Halves(off), score)
