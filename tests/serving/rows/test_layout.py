"""Inputs by type, and rows that are kept as copies."""

from __future__ import annotations

import numpy as np
import pytest

from serving.rows.batch import Batch
from serving.rows.layout import RowBuffer, blocks_of
from serving.rows.validate import Validator
from tests.serving.tiny import tiny_contract, tiny_frame, tiny_instances

CONTRACT = tiny_contract()
ROWS = tiny_instances(tiny_frame(5, seed=1))


def batch_of(*rows: int, sliced: bool = False) -> Batch:
    batch = Validator(CONTRACT)([ROWS[row] for row in rows])
    if not sliced:
        return batch
    blocks = tuple(block.values(batch) for block in blocks_of(CONTRACT))
    return Batch({}, batch.rows, 0, blocks)


def test_a_block_has_the_inputs_of_a_type_in_the_order_of_the_contract() -> None:
    blocks = [(block.start, block.dtype, len(block.specs)) for block in blocks_of(CONTRACT)]
    assert blocks == [(0, "float32", 2), (2, "int64", 1), (3, "bool", 1), (4, "string", 1)]
    assert [spec.name for spec in blocks_of(CONTRACT)[0].specs] == ["distance", "wind"]


@pytest.mark.parametrize("sliced", [False, True])
def test_rows_are_kept_in_their_order_until_they_are_cleared(sliced: bool) -> None:
    buffer = RowBuffer(blocks_of(CONTRACT), 4)
    for _ in range(2):
        buffer.add(batch_of(3, sliced=sliced))
        buffer.add(batch_of(1, 2, sliced=sliced))
        expected = [block.values(batch_of(3, 1, 2)) for block in blocks_of(CONTRACT)]
        for values, other in zip(buffer.values(), expected, strict=True):
            assert values.dtype == other.dtype
            np.testing.assert_array_equal(values, other)
        buffer.clear()
        assert buffer.rows == 0


def test_strings_are_not_kept_after_they_are_cleared() -> None:
    buffer = RowBuffer(blocks_of(CONTRACT), 4)
    buffer.add(batch_of(0))
    texts = buffer.values()[-1]
    buffer.clear()
    assert texts.tolist() == [[None]]
