"""A graph fits the contract, or the start ends with what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.contract import Contract, read_contract
from serving.errors import ScoreError
from serving.model.graph import Part, load_graph
from serving.rows.validate import Validator
from serving.strict import DocumentError
from tests.serving.tiny import tiny_frame, tiny_instances, write_tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    write_tiny_model(folder)
    return folder


def changed(contract: Contract, **first: Any) -> Contract:
    """The contract with other fields of its first input."""
    spec = contract.inputs[0].model_copy(update=first)
    return contract.model_copy(update={"inputs": (spec, *contract.inputs[1:])})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "miles"}, "input 'distance' is not in the contract"),
        ({"dtype": "int64"}, "input 'distance' is tensor.float., in the contract int64"),
        ({"shape": (2, 2)}, "not .rows"),
    ],
)
def test_an_input_that_does_not_fit_is_named(
    folder: Path, fields: dict[str, Any], message: str
) -> None:
    contract = changed(read_contract(folder), **fields)
    with pytest.raises(DocumentError, match=message):
        load_graph(folder, contract)


def test_an_output_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(DocumentError, match="no output is called 'matrix'"):
        load_graph(folder, read_contract(folder), part=Part(output="matrix"))


def test_a_graph_that_cannot_be_run_is_a_fault_of_the_model(folder: Path) -> None:
    contract = read_contract(folder)
    graph = load_graph(folder, contract)
    columns = dict(Validator(contract)(tiny_instances(tiny_frame(4))).columns)
    assert graph(columns).shape == (4,)
    columns["distance"] = np.zeros((2, 2, 2), np.float32)
    with pytest.raises(ScoreError, match="cannot score these rows"):
        graph(columns)


@pytest.mark.parametrize("without", [False, True])
def test_scores_do_not_depend_on_what_is_not_public(
    folder: Path, monkeypatch: pytest.MonkeyPatch, without: bool
) -> None:
    """Another version of ONNX Runtime may have no inner session."""
    contract = read_contract(folder)
    columns = Validator(contract)(tiny_instances(tiny_frame(3, seed=1))).columns
    expected = load_graph(folder, contract)(columns)
    graph = load_graph(folder, contract)
    inner = graph.session._sess
    monkeypatch.setattr(graph.session, "run", lambda *a: inner.run(*a))
    if without:
        monkeypatch.delattr(graph.session, "_sess")
    assert (graph._run is graph.session.run) == without
    assert graph(columns).tolist() == expected.tolist()
