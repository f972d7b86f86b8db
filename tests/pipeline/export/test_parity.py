from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.export.parity import Pair, ParityError, check

ROWS = pd.DataFrame(
    {
        "x": np.array([1, 2, np.nan], dtype="float32"),
        "n": np.array([1, 2, 3], dtype="int64"),
        "t": ["a", "b", ""],
    },
    index=["first", "second", "third"],
)


def constant(value: float) -> Callable[[pd.DataFrame], np.ndarray]:
    return lambda rows: np.full(len(rows), value)


@pytest.mark.parametrize(("off", "fits"), [(0.9e-5, True), (1e-5, True), (1.1e-5, False)])
def test_the_tolerance_itself_is_allowed(off: float, fits: bool) -> None:
    pair = Pair(trained=constant(0), exported=constant(off))
    if fits:
        assert check(pair, ROWS, 1e-5) == pytest.approx(off)
    else:
        with pytest.raises(ParityError):
            check(pair, ROWS, 1e-5)


def test_large_answers_are_compared_in_their_own_size() -> None:
    pair = Pair(trained=constant(1000), exported=constant(1000.005))
    assert check(pair, ROWS, 1e-5) == pytest.approx(5e-6)


def test_an_answer_that_is_not_a_number_never_agrees() -> None:
    pair = Pair(trained=constant(0.5), exported=constant(np.nan))
    with pytest.raises(ParityError):
        check(pair, ROWS, 1e-5)


def test_it_names_the_row_both_values_and_how_many() -> None:
    wrong = Pair(constant(0.25), lambda rows: np.where(rows.index == "second", 0.75, 0.25))
    with pytest.raises(ParityError, match=r"1 of 3 rows.*row second: trained 0.25, exported 0.75"):
        check(wrong, ROWS, 1e-5)


def test_a_threshold_between_float32_neighbours_is_recognised() -> None:
    near = np.float32(2) - np.spacing(np.float32(2))
    pair = Pair(
        trained=lambda rows: (rows["x"].to_numpy() > near).astype("float64"),
        exported=lambda rows: np.zeros(len(rows)),
    )
    with pytest.raises(ParityError, match=r"row second.*threshold of a tree.*'x'"):
        check(pair, ROWS, 1e-5)


def test_whole_numbers_beyond_float32_are_recognised() -> None:
    rows = ROWS.assign(n=[1, 2, 2**24 + 1])
    pair = Pair(
        trained=lambda some: some["n"].to_numpy() / 2**24,
        exported=lambda some: some["n"].to_numpy().astype("float32") * 0.5,
    )
    with pytest.raises(ParityError, match=r"'n' holds whole numbers beyond 2\^24"):
        check(pair, rows, 1e-5)


def test_a_missing_value_that_is_treated_differently_is_recognised() -> None:
    pair = Pair(
        trained=lambda rows: rows["x"].isna().to_numpy().astype("float64"),
        exported=lambda rows: np.zeros(len(rows)),
    )
    with pytest.raises(ParityError, match=r"row third.*missing value of 'x'"):
        check(pair, ROWS, 1e-5)
