"""The part in front of the trees: its matrix, and which input makes each column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from pipeline.export.contract import Seen, infer
from pipeline.export.stage import converted
from pipeline.graph.encoding import cut
from pipeline.graph.forest import UnfitError
from pipeline.trained.score import score
from serving.contract import Contract
from tests.pipeline.graph.test_explainer import ONE_HOT, QUIET, piped
from tests.pipeline.graph.test_onnx import FRAME, LABELS, settings


def exported(model: Any, rows: pd.DataFrame) -> tuple[bytes, Contract]:
    model.fit(rows, LABELS["binary"])
    seen = Seen(model, rows, rows, score(model, rows, "binary"), 0.5)
    contract = infer(seen, list(rows), settings("binary"))
    return converted(model, contract, rows, 1.0).content, contract


def test_the_matrix_is_the_one_that_the_trees_split() -> None:
    model = piped(LGBMClassifier(**QUIET), ONE_HOT)
    content, contract = exported(model, FRAME)
    encoder = cut(content, FRAME, contract)
    expected = np.asarray(model[:-1].transform(FRAME.head(50)), np.float32)
    np.testing.assert_allclose(encoder(FRAME.head(50), contract), expected)
    owners = [contract.inputs[owner].name for owner in encoder.owners]
    assert owners == ["with space", "whole", "flag", "text", "text", "text"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (LogisticRegression(), "0 operators of trees"),
        (make_pipeline(PCA(2), LGBMClassifier(**QUIET)), "makes one column of several inputs"),
    ],
)
def test_a_graph_that_cannot_be_cut_says_why(model: Any, reason: str) -> None:
    rows = FRAME[["whole", "flag", "unused"]]
    content, contract = exported(model, rows)
    with pytest.raises(UnfitError, match=reason):
        cut(content, rows, contract)
