"""Libraries that skl2onnx does not know are converted, with attributes that onnx takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from skl2onnx import to_onnx
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from pipeline.graph.converters import register
from pipeline.graph.forest import KINDS

ROWS = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
QUIET: dict[str, Any] = {"n_estimators": 3, "verbose": -1, "n_jobs": 1}


@pytest.mark.parametrize(
    "model",
    [
        LGBMClassifier(**QUIET),
        LGBMRegressor(**QUIET),
        HistGradientBoostingClassifier(max_iter=3),
        HistGradientBoostingRegressor(max_iter=3),
    ],
    ids=lambda model: type(model).__name__,
)
def test_boosted_trees_become_an_operator_of_trees(model: Any) -> None:
    register()
    register()  # a second time changes nothing
    model.fit(ROWS, ROWS[:, 0] > 0)
    graph = to_onnx(model, ROWS[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    onnx.checker.check_model(graph)
    assert [node.op_type for node in graph.graph.node if node.op_type in KINDS]
