"""An Arrow column gets the verdicts that the same values get over HTTP."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batch.checking.arrow_column import ArrowColumn, Text
from serving.contract import Contract, Input, Output, Roles
from serving.errors import InvalidRows
from serving.rows.validate import Validator

LONGEST = 12
FOREIGN = object()  # a value that no request can carry
INPUTS = (
    Input(name="x", dtype="float32"),
    Input(name="x", dtype="float32", nullable=True),
    Input(name="x", dtype="float32", nullable=True, range=(-5.0, 100.0)),
    Input(name="x", dtype="float64", range=(0.0, 1.0)),
    Input(name="x", dtype="float64", nullable=True),
    Input(name="x", dtype="int64"),
    Input(name="x", dtype="int64", range=(-3, 23)),
    Input(name="x", dtype="bool"),
    Input(name="x", dtype="string"),
    Input(name="x", dtype="string", nullable=True),
    Input(name="x", dtype="string", categories=("a", "bb"), unseen="reject"),
    Input(name="x", dtype="string", nullable=True, categories=("a", "bb"), unseen="reject"),
    Input(name="x", dtype="string", nullable=True, categories=("a", "bb"), unseen="accept"),
    Input(name="x", dtype="float32", shape=(2,)),
    Input(name="x", dtype="float32", shape=(2,), range=(0.0, 9.0)),
    Input(name="x", dtype="int64", shape=(2, 1)),
    Input(name="x", dtype="string", shape=(2,)),
)
doubles = st.one_of(
    st.floats(), st.integers(-30, 30).map(float), st.sampled_from([0.5, 1e39, -0.0, 2.0**63])
)
texts = st.text(st.sampled_from("abé "), max_size=LONGEST + 2)
KINDS: tuple[tuple[pa.DataType, st.SearchStrategy[Any]], ...] = (
    (pa.float64(), doubles),
    (pa.float32(), st.floats(width=32)),
    (pa.int64(), st.one_of(st.integers(-(2**53), 2**53), st.integers(-5, 30))),
    (pa.int8(), st.integers(-128, 127)),
    (pa.uint64(), st.one_of(st.integers(0, 30), st.sampled_from([2**63 - 1025, 2**63, 2**64 - 1]))),
    (pa.decimal128(9, 2), st.decimals(-30, 30, places=2)),
    (pa.bool_(), st.booleans()),
    (pa.string(), texts),
    (pa.large_string(), texts),
    (pa.string_view(), texts),
    (pa.dictionary(pa.int32(), pa.string()), texts),
    (pa.dictionary(pa.int8(), pa.float64()), st.sampled_from([0.0, 1.0, 2.5])),
    (pa.null(), st.none()),
    (pa.date32(), st.dates()),
    (pa.binary(), st.binary(max_size=3)),
    (pa.list_(pa.float64()), st.lists(st.one_of(st.none(), doubles), max_size=3)),
    (pa.list_(pa.float32(), 2), st.lists(st.floats(0, 9, width=32), min_size=2, max_size=2)),
    (pa.list_(pa.string()), st.lists(st.one_of(st.none(), texts), max_size=3)),
    (
        pa.list_(pa.list_(pa.int64())),
        st.lists(st.lists(st.integers(-5, 30), max_size=2), max_size=3),
    ),
    (pa.struct([("a", pa.int64())]), st.fixed_dictionaries({"a": st.integers(0, 9)})),
)


@st.composite
def arrow_columns(draw: st.DrawFn) -> pa.Array:
    kind, values = draw(st.sampled_from(KINDS))
    drawn = draw(st.lists(st.one_of(values, st.none()) if draw(st.booleans()) else values))
    array = pa.array(drawn, kind)
    start = draw(st.integers(0, len(array)))
    return array[start:]  # slices have offsets, which is where Arrow is misread


def contract_of(spec: Input) -> Contract:
    return Contract(
        name="one",
        task="regression",
        inputs=(spec,),
        outputs=(Output(name="score", dtype="float32"),),
        roles=Roles(label="y", row_id="id"),
    )


def online(spec: Input, value: Any) -> Any:
    """What the service makes of a value in a request: the model's input, or its problem."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and math.isnan(value) and spec.nullable:
        value = None
    if isinstance(value, datetime.date | bytes):
        return FOREIGN
    try:
        batch = Validator(contract_of(spec), text_length=LONGEST)([{"x": value}])
    except InvalidRows as error:
        return error.problems[0]
    return batch.columns["x"][0]


@settings(max_examples=400, deadline=None)
@given(spec=st.sampled_from(INPUTS), array=arrow_columns())
def test_the_verdict_on_each_row_is_that_of_the_service(spec: Input, array: pa.Array) -> None:
    column = ArrowColumn(spec, LONGEST)
    checked = column.check(array)
    values = checked.values.values() if isinstance(checked.values, Text) else checked.values
    assert values.shape == (len(array), *spec.shape)
    allowed = np.ones(len(array), bool) if checked.allowed is None else checked.allowed
    for row, value in enumerate(array.to_pylist()):
        expected = online(spec, value)
        if expected is FOREIGN:
            assert not allowed[row]
            assert column.problem(row, value).reason == "type"
        elif hasattr(expected, "reason"):
            assert not allowed[row]
            found = column.problem(row, value)
            assert (found.value, found.expected, found.reason) == (
                expected.value,
                expected.expected,
                expected.reason,
            )
        else:
            assert allowed[row]
            assert column.problem(row, value) is None
            np.testing.assert_array_equal(values[row], expected)


def test_a_decimal_is_the_float_that_is_nearest() -> None:
    hundredths = [Decimal(number).scaleb(-2) for number in range(-1000, 1001)]
    column = ArrowColumn(Input(name="x", dtype="float64"), LONGEST)
    checked = column.check(pa.array(hundredths, pa.decimal128(9, 2)))
    assert checked.values.tolist() == [float(each) for each in hundredths]


@settings(max_examples=300, deadline=None)
@given(spec=st.sampled_from(INPUTS), array=arrow_columns())
def test_a_type_that_is_called_a_misfit_has_no_value_that_is_allowed(
    spec: Input, array: pa.Array
) -> None:
    column = ArrowColumn(spec, LONGEST)
    if not column.misfit(array.type):
        return
    allowed = column.check(array).allowed
    for row, value in enumerate(array.to_pylist()):
        null = value is None or (isinstance(value, float) and math.isnan(value))
        if not null:
            assert allowed is not None
            assert not allowed[row]
