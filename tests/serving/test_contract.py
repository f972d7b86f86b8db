"""A contract survives a round trip, and one that contradicts itself is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serving.contract import (
    Behaviour,
    Contract,
    Histogram,
    read_contract,
    read_explanation,
    render_contract,
)
from serving.strict import DocumentError, parse
from tests.serving.tiny import tiny_contract


def test_a_contract_survives_a_round_trip(tmp_path: Path) -> None:
    """By its file and by its folder; the same contract gives the same bytes."""
    contract = tiny_contract()
    file = tmp_path / "contract.json"
    file.write_text(render_contract(contract), encoding="utf-8")
    assert read_contract(file) == read_contract(tmp_path) == contract
    assert render_contract(read_contract(file)) == file.read_text(encoding="utf-8")


def test_roles_are_no_features() -> None:
    assert tiny_contract().roles.excluded() == {"late", "id", "when", "day"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": None}, "classes are for binary and multiclass"),
        ({"task": "regression"}, "classes are for binary and multiclass"),
        ({"classes": ("a", "b", "c")}, "a binary task has two classes"),
        ({"outputs": [{"name": "other", "dtype": "float32"}]}, "no output is called 'score'"),
        ({"inputs": [{"name": "x", "dtype": "bool"}] * 2}, "two inputs have the same name"),
        ({"name": "Not A Name"}, "name"),
        ({"schema_version": 2}, "schema_version"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(
    change: dict[str, Any], message: str
) -> None:
    content = tiny_contract().model_dump(mode="json") | change
    with pytest.raises(DocumentError, match=message):
        parse(Contract, content, source="contract.json")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"counts": (1,)}, "either edges or labels"),
        ({"edges": (0.0, 1.0), "labels": ("a",), "counts": (1,)}, "either edges or labels"),
        ({"edges": (0.0, 1.0), "counts": (1, 2)}, "2 counts for 1 bins"),
        ({"labels": ("a", "b"), "counts": (1,)}, "1 counts for 2 bins"),
    ],
)
def test_a_histogram_counts_each_of_its_bins(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Histogram(**fields)


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        ({"higher": {"x": 1}, "lower": {"x": 0}}, 2),
        ({"same": ({"x": 1}, {"x": 2}, {"x": 3})}, 3),
        ({"row": {"x": 1}, "minimum": 0.5}, 1),
    ],
)
def test_a_behaviour_is_one_of_three_kinds(fields: dict[str, Any], rows: int) -> None:
    assert len(Behaviour(name="b", **fields).rows) == rows


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"higher": {"x": 1}},
        {"row": {"x": 1}},
        {"same": ({"x": 1},)},
        {"higher": {"x": 1}, "lower": {"x": 0}, "row": {"x": 1}, "maximum": 1.0},
    ],
)
def test_another_behaviour_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"behaviour|higher|row|same"):
        Behaviour(name="b", **fields)


def test_a_file_that_is_not_there_or_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"contract\.json: no such file; `dvc repro`"):
        read_contract(tmp_path / "contract.json")
    (tmp_path / "explainer.json").write_text("{")
    with pytest.raises(DocumentError, match=r"explainer\.json: not JSON"):
        read_explanation(tmp_path)
