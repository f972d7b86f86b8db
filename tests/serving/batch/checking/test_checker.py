"""Chunks get the same verdicts whether their rows come from Arrow, from texts or from JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batch.checking.checker import HIDDEN, Checked, checkers
from serving.batch.reading.chunk import Chunk, arrow_chunk
from serving.contract import Contract, Input, Output, Roles
from serving.errors import Problem

CONTRACT = Contract(
    name="one",
    task="regression",
    inputs=(
        Input(name="number", dtype="float32", nullable=True, range=(0.0, 10.0)),
        Input(name="whole", dtype="int64", range=(0, 23)),
        Input(name="truth", dtype="bool"),
        Input(name="text", dtype="string", categories=("a", "b"), unseen="reject", sensitive=True),
    ),
    outputs=(Output(name="score", dtype="float32"),),
    roles=Roles(label="y", row_id="id"),
)
SCHEMA = pa.schema(
    {"number": pa.float64(), "whole": pa.int64(), "truth": pa.bool_(), "text": pa.string()}
)
CHECKERS = checkers(CONTRACT, 10)
rows = st.fixed_dictionaries(
    {
        "number": st.sampled_from([None, 0.5, 10.0, 10.5, -1.0]),
        "whole": st.sampled_from([0, 5, 23, 24, None]),
        "truth": st.sampled_from([True, False, None]),
        "text": st.sampled_from(["a", "b", "c", None]),
    }
)


def chunk_of(rows: Any) -> Chunk:
    return Chunk(100, 100 + len(rows), np.arange(100, 100 + len(rows)), rows)


def as_cells(value: Any) -> str | None:
    return None if value is None else str(value)


def outcome(checked: Checked, rows: int) -> tuple[Any, ...]:
    kept = range(rows) if checked.kept is None else checked.kept.tolist()
    columns = {name: values.tolist() for name, values in checked.for_model().items()}
    columns["number"] = [repr(number) for number in columns["number"]]  # NaN is unequal to itself
    where = [(problem.row, problem.field, problem.reason) for problem in checked.problems]
    return checked.rows, list(kept), columns if checked.rows else {}, sorted(where)


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, min_size=1, max_size=12))
def test_arrow_texts_and_json_agree(rows: list[dict[str, Any]]) -> None:
    arrow = pa.RecordBatch.from_pylist(rows, SCHEMA)
    texts = pa.RecordBatch.from_pylist(
        [{name: as_cells(value) for name, value in row.items()} for row in rows],
        pa.schema([(name, pa.string()) for name in SCHEMA.names]),
    )
    by_json = outcome(CHECKERS[False](chunk_of(rows)), len(rows))
    assert outcome(CHECKERS[False](arrow_chunk(100, arrow)), len(rows)) == by_json
    assert outcome(CHECKERS[True](arrow_chunk(100, texts)), len(rows)) == by_json


def test_rows_that_could_not_be_read_are_problems_too() -> None:
    broken = Problem(102, None, "[2]", "an object of field: value", "type")
    row = {"number": 1, "whole": 24, "truth": True, "text": "a"}
    chunk = Chunk(100, 103, np.array([100, 101]), [row, row | {"whole": 1}], (broken,))
    checked = CHECKERS[False](chunk)
    assert [problem.row for problem in checked.problems] == [100, 102]
    assert (checked.rows, checked.kept and checked.kept.tolist()) == (1, [1])


def test_a_sensitive_value_is_not_shown() -> None:
    row = {"number": 1, "whole": 1, "truth": True, "text": "a secret"}
    (problem,) = CHECKERS[False](chunk_of([row])).problems
    assert (problem.value, problem.reason) == (HIDDEN, "category")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"whole": pa.string()}, "column 'whole' is string, expected an integer"),
        ({"text": pa.list_(pa.string())}, "column 'text' is list<"),
        ({"number": pa.struct([("a", pa.int8())])}, "column 'number' is struct<"),
        ({"truth": pa.date32()}, "column 'truth' is date32"),
        ({"truth": None}, "it has no column 'truth', which the model needs"),
    ],
)
def test_a_file_that_has_no_row_to_score(changed: dict[str, Any], said: str) -> None:
    kinds = {name: SCHEMA.field(name).type for name in SCHEMA.names} | changed
    schema = pa.schema([(name, kind) for name, kind in kinds.items() if kind is not None])
    assert said in str(CHECKERS[False].misfit(schema))


def test_a_column_that_may_be_null_may_be_absent() -> None:
    schema = SCHEMA.remove(0)
    assert CHECKERS[False].misfit(schema) is None
    row = {"whole": 1, "truth": True, "text": "a"}
    checked = CHECKERS[False](arrow_chunk(0, pa.RecordBatch.from_pylist([row], schema)))
    assert np.isnan(checked.for_model()["number"]).all()


def test_texts_that_are_all_missing_may_be_numbers_that_are_all_nan() -> None:
    """So pandas writes them. A number among them is refused with its row."""
    text = CONTRACT.inputs[3].model_copy(update={"nullable": True})
    check = checkers(CONTRACT.model_copy(update={"inputs": (text,)}), 10)[False]
    schema = pa.schema({"text": pa.float64()})
    assert check.misfit(schema) is None
    cells = pa.RecordBatch.from_pydict({"text": [float("nan"), None, 1.0]}, schema)
    checked = check(arrow_chunk(0, cells))
    assert checked.for_model()["text"].tolist() == ["", ""]
    assert [(problem.row, problem.reason) for problem in checked.problems] == [(2, "type")]
    needed = checkers(CONTRACT.model_copy(update={"inputs": CONTRACT.inputs[3:]}), 10)[False]
    assert "column 'text' is double" in str(needed.misfit(schema))


def test_two_columns_of_one_name_are_refused() -> None:
    schema = SCHEMA.append(pa.field("number", pa.float64()))
    assert CHECKERS[False].misfit(schema) == "two columns are called 'number'"
