"""An engine is an engine: the graph and the code of one model give the same scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from serving.contract import read_contract
from serving.model.engine import Engine
from serving.model.graph import load_graph
from serving.model.python_code import load_predictor
from serving.rows.validate import Validator
from tests.serving.tiny import tiny_frame, tiny_instances, write_tiny_model
from tests.serving.tiny_predictor import write_predictor


def test_both_kinds_score_columns_alike(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "graph")
    write_predictor(tmp_path / "code")
    contract = read_contract(tmp_path / "graph")
    engines: list[Engine] = [
        load_graph(tmp_path / "graph", contract),
        load_predictor(tmp_path / "code"),
    ]
    rows = tiny_instances(tiny_frame(40, seed=3))
    columns = Validator(contract)(rows).columns
    graph, code = (engine(columns).reshape(-1) for engine in engines)
    assert graph.dtype == code.dtype == np.float32
    np.testing.assert_allclose(graph, code, atol=1e-5)
