"""The scalar inputs of a contract by type, so that numpy is called once for each type instead of
once for each input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serving.contract import Contract, Input
from serving.rows.batch import Batch
from serving.rows.column import DTYPES, Array


@dataclass(frozen=True, slots=True)
class Block:
    """Inputs of one type: `number` among the blocks of a contract; its inputs are those from
    `start` on among the scalars of all blocks."""

    number: int
    start: int
    dtype: str
    specs: tuple[Input, ...]

    def values(self, batch: Batch) -> Array:
        """What a request has of these inputs: [inputs, rows]."""
        if batch.blocks is not None:
            return batch.blocks[self.number]
        return np.stack([batch.columns[spec.name] for spec in self.specs])


def blocks_of(contract: Contract) -> tuple[Block, ...]:
    """The scalar inputs of `contract`, each in one block."""
    scalars = [spec for spec in contract.inputs if not spec.shape]
    blocks: list[Block] = []
    start = 0
    for dtype in dict.fromkeys(spec.dtype for spec in scalars):
        specs = tuple(spec for spec in scalars if spec.dtype == dtype)
        blocks.append(Block(len(blocks), start, dtype, specs))
        start += len(specs)
    return tuple(blocks)


class RowBuffer:
    """The scalar inputs of the rows of several requests, `size` at most. The rows are copied: to
    keep the arrays of hundreds of small requests costs each of them more than a copy."""

    def __init__(self, blocks: Sequence[Block], size: int) -> None:
        self._blocks = blocks
        self._arrays: list[Array] = [
            np.empty((len(block.specs), size), DTYPES[block.dtype]) for block in blocks
        ]
        self.size = size
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Copy the rows of a request; there has to be room for them."""
        start, self.rows = self.rows, self.rows + batch.rows
        for block, array in zip(self._blocks, self._arrays, strict=True):
            array[:, start : self.rows] = block.values(batch)

    def values(self) -> list[Array]:
        """What is there, for each block: [inputs, rows]."""
        return [array[:, : self.rows] for array in self._arrays]

    def clear(self) -> None:
        """Forget the rows; their strings too, which may be long."""
        for block, array in zip(self._blocks, self._arrays, strict=True):
            if block.dtype == "string":
                array[:, : self.rows] = None
        self.rows = 0
