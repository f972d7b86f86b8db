"""Values are counted as those of traffic are, so that a job can be compared with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batch.checking.arrow_column import Text
from serving.batch.counts import BinCounts, input_shifts, merged, score_shift
from serving.batch.documents import Counts
from serving.contract import Contract, Dtype, Histogram, Input, Output, Roles
from serving.rows.column import DTYPES, Array
from serving.telemetry.drift.bins import LabelBins, NumberBins, bins_of

EDGES = Histogram(edges=(0.0, 0.1, 5.0, 16_777_217.0), counts=(300, 400, 250), missing=50)
LABELS = Histogram(labels=("a", "b"), counts=(60, 40))
TRUTHS = Histogram(labels=("false", "true"), counts=(60, 40))
SCORES = Histogram(edges=(0.0, 0.5, 1.0), counts=(50, 50))
numbers = st.one_of(
    st.floats(-10, 2e7, width=32),
    st.sampled_from([0.0, 0.1, 5.0, 16_777_216.0, 16_777_218.0, float("nan")]),
)


def contract(histogram: Histogram, dtype: Dtype) -> Contract:
    return Contract(
        name="one",
        task="binary",
        classes=("no", "yes"),
        inputs=(
            Input(name="x", dtype=dtype, nullable=dtype not in ("int64", "bool"),
                  histogram=histogram, categories=("a", "b", "rare")),
        ),
        outputs=(Output(name="score", dtype="float32", histogram=SCORES),),
        roles=Roles(label="y", row_id="id"),
    )  # fmt: skip


def counted(contract: Contract, values: Any, score: Any = ()) -> Counts:
    counts = BinCounts(contract)
    counts.add({"x": values}, np.array(score, np.float32))
    return counts.counted()


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(numbers, max_size=30), dtype=st.sampled_from(["float32", "float64", "int64"])
)
def test_numbers_fall_into_the_bins_of_traffic(values: list[float], dtype: Dtype) -> None:
    if dtype == "int64":
        values = [value for value in values if value == value]
    column: Array = np.array(values, np.float64).astype(DTYPES[dtype])
    one = contract(EDGES, dtype)
    bins = bins_of(one.inputs[0])
    assert isinstance(bins, NumberBins)
    codes = bins.codes(column.astype(np.float64))
    found = counted(one, column)
    expected = np.bincount(codes, minlength=len(bins.names))
    assert found.inputs["x"] == tuple(expected.tolist())
    assert found.outside["x"] == bins.outside(column.astype(np.float64))


@given(st.lists(st.sampled_from(["a", "b", "rare", "new", ""]), max_size=20))
def test_categories_fall_into_the_bins_of_traffic(values: list[str]) -> None:
    one = contract(LABELS, "string")
    bins = bins_of(one.inputs[0])
    assert isinstance(bins, LabelBins)
    plain = np.array(values, np.object_)
    expected = tuple(np.bincount(bins.codes(plain), minlength=5).tolist())
    known, codes = np.unique(np.array(values, str), return_inverse=True)
    text = Text(known.astype(np.object_), codes)
    assert counted(one, plain).inputs["x"] == expected
    assert counted(one, text).inputs["x"] == expected


def test_truths_are_categories() -> None:
    found = counted(contract(TRUTHS, "bool"), np.array([True, False, True]))
    assert found.inputs["x"][:2] == (1, 2)


def test_counts_of_units_add_up_to_those_of_all() -> None:
    one = contract(EDGES, "float32")
    values, score = np.linspace(-1, 9, 100, dtype=np.float32), np.linspace(0, 1, 100)
    parts = [
        counted(one, values[start : start + 30], score[start : start + 30])
        for start in range(0, 100, 30)
    ]
    assert merged(parts) == counted(one, values, score)
    assert merged([]) is None


def test_what_was_counted_is_forgotten_for_the_next_unit() -> None:
    counts = BinCounts(contract(EDGES, "float32"))
    empty = counts.counted()
    counts.add({"x": np.array([-1, 1], np.float32)}, np.array([0, 1], np.float32))
    counts.reset()
    assert counts.counted() == empty


def test_the_stability_index_is_that_of_the_textbook() -> None:
    """Of shares (0.3, 0.7) against (0.5, 0.5)."""
    one = contract(EDGES, "float32")
    counts = Counts(inputs={"x": (300, 400, 250, 50)}, outside={"x": (0, 0)}, scores=(30, 70, 0))
    shift = score_shift(one, counts)
    assert shift is not None
    expected = -0.2 * np.log(0.3 / 0.5) + 0.2 * np.log(0.7 / 0.5)
    assert shift.psi == pytest.approx(expected)
    assert not shift.much
    (same,) = input_shifts(one, counts)
    assert same.psi == pytest.approx(0)
    assert same.missing == same.missing_before == 0.05


def test_what_training_had_not_is_told() -> None:
    numbers = input_shifts(
        contract(EDGES, "float32"),
        counted(contract(EDGES, "float32"), np.array([-1, 1, 2, 3], "f")),
    )
    assert numbers[0].unseen == 0.25
    texts = np.array(["a", "new", "new", "rare"], np.object_)
    one = contract(LABELS, "string")
    assert input_shifts(one, counted(one, texts))[0].unseen == 0.5


def test_a_contract_without_histograms_has_nothing_to_say(tmp_path: Path) -> None:
    plain = Contract(
        name="one",
        task="regression",
        inputs=(Input(name="x", dtype="float32"),),
        outputs=(Output(name="score", dtype="float32"),),
        roles=Roles(label="y", row_id="id"),
    )
    counts = counted(plain, np.zeros(3, np.float32), [0, 0, 0])
    assert input_shifts(plain, counts) == ()
    assert score_shift(plain, counts) is None
