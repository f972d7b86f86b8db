"""CSV becomes columns by the contract's types, and a cell that does not fit is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from serving.errors import Refusal
from serving.predict.predictor import Query, Scored
from serving.protocols.table import read, write
from serving.rows.batch import Batch
from serving.settings.policy import MOST_ROWS
from tests.serving.tiny import tiny_contract

CONTRACT = tiny_contract()
HEADER = "distance,wind,hour,weekend,carrier\n"


def parsed(text: str) -> Query:
    return read(text.encode(), CONTRACT)


@pytest.mark.parametrize(
    ("cell", "column", "found"),
    [
        ("800", "distance", 800.0),
        (" 8e2 ", "distance", 800.0),
        ("", "distance", None),
        ("NaN", "distance", None),
        ("nan", "wind", None),
        ("NA", "wind", "NA"),
        ("1_000", "distance", "1_000"),
        ("٣", "hour", "٣"),
        ("inf", "distance", float("inf")),
        ("9007199254740993", "hour", 9007199254740993),
        ("9.0", "hour", 9.0),
        ("9" * 5000, "hour", float("inf")),
        ("", "hour", None),
        ("true", "weekend", True),
        ("False", "weekend", False),
        ("1", "weekend", True),
        ("yes", "weekend", "yes"),
        ("", "weekend", None),
        ("NA", "carrier", "NA"),
        ('"a ""b"", c"', "carrier", 'a "b", c'),
        ("", "carrier", None),
    ],
)
def test_a_cell_is_read_as_its_input_takes_it(cell: str, column: str, found: Any) -> None:
    query = parsed(f"{column},{'distance' if column == 'wind' else 'wind'}\n{cell},1\n")
    assert query.columns is not None
    assert query.columns[column] == [found]
    assert type(query.columns[column][0]) is type(found)


def test_without_a_header_the_order_is_the_contracts() -> None:
    query = parsed("800,,9,false,UA\n700,5,10,true,DL\n")
    assert query.count == 2
    assert query.columns == parsed(HEADER + "800,,9,false,UA\n700,5,10,true,DL\n").columns


def test_other_columns_are_kept_to_be_counted() -> None:
    query = parsed(",distance\n0,800\n")
    assert query.columns == {"": ["0"], "distance": [800.0]}


def test_a_mark_of_byte_order_and_empty_lines_mean_nothing() -> None:
    query = read(("\ufeff" + HEADER + "\r\n800,,9,false,UA\r\n\r\n").encode(), CONTRACT)
    assert query.count == 1


@pytest.mark.parametrize("text", ["", "\n\n", HEADER])
def test_no_rows_are_none(text: str) -> None:
    assert parsed(text).count == 0


def test_more_rows_than_are_allowed_are_not_read() -> None:
    assert parsed("800,,9,false,UA\n" * (MOST_ROWS + 9)).count == MOST_ROWS + 2


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"\xff", 400, "not CSV"),
        (b'"' + b"x" * 200_000, 400, "not CSV"),
        (b"distance,distance\n1,2\n", 422, "twice"),
        (b"distance,wind\n1\n", 422, "row 0 has 1 values, expected 2"),
        (b"1,2\n", 422, "row 0 has 2 values, expected 5"),
    ],
)
def test_what_is_not_a_table_is_refused(body: bytes, status: int, words: str) -> None:
    with pytest.raises(Refusal, match=words) as caught:
        read(body, CONTRACT)
    assert caught.value.status == status


def test_scores_are_written_with_all_their_digits() -> None:
    score = np.array([[0.1, 1 / 3], [1e-30, 0.9]], np.float32)
    text = write(Scored(score, Batch({}, 2, 0), 0)).decode()
    found = np.array([line.split(",") for line in text.splitlines()], np.float32)
    assert found.tobytes() == score.tobytes()
