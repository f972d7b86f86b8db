"""Rows as they nearly always are: from JSON into arrays, with nothing in between.

msgspec decodes a body into a type that is made from the contract; on the way it checks types,
ranges, lengths, categories and the names of fields. This way only accepts. What it does not take
at once, for whatever reason, is left to a parser and to serving.rows.validate, which look closer
and know what to say. Both follow the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, Optional

import msgspec
import numpy as np

from serving.contract import Contract, Input
from serving.rows.batch import Batch
from serving.rows.column import DTYPES, Array
from serving.rows.layout import Block, blocks_of
from serving.rows.text import has_keys, is_bomb

WHOLE = 2**63  # int64 holds what is at least the negative of this, and less than this


class Decoder:
    """Decodes bodies {key: [{…}, …]} in which every row has every input and nothing else, of at
    most `most` rows, with strings of at most `text_length` characters."""

    def __init__(
        self,
        contract: Contract,
        *,
        most: int,
        text_length: int,
        vectors: frozenset[str] = frozenset(),
    ) -> None:
        self._blocks = [_Conversion(block, vectors) for block in blocks_of(contract)]
        self._tensors = [spec for spec in contract.inputs if spec.shape]
        scalars = [spec for conversion in self._blocks for spec in conversion.block.specs]
        self._scalars = len(scalars)
        self._keys = len(contract.inputs)
        self._most = most
        self._row = _row([*scalars, *self._tensors], text_length)
        self._decoders: dict[str, Callable[[bytes], Any]] = {}

    def __call__(self, body: bytes, key: str) -> Batch | None:
        """The batch of `body`; None where it needs a closer look."""
        if self._row is None or is_bomb(body):
            return None
        decode = self._decoders.get(key) or self._decoder(key)
        try:
            rows = decode(body).f0
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        count = len(rows)
        # The decoder has seen every key once at least, and keeps the last of those that are there
        # twice.
        if not 1 <= count <= self._most or not has_keys(body, 1 + count * self._keys):
            return None
        return self._batch(list(map(msgspec.structs.astuple, rows)))

    def _decoder(self, key: str) -> Callable[[bytes], Any]:
        document = _struct("Document", [key], [_list(self._row)])
        decode: Callable[[bytes], Any] = msgspec.json.Decoder(document).decode
        self._decoders[key] = decode
        return decode

    def _batch(self, rows: list[tuple[Any, ...]]) -> Batch:
        columns: dict[str, Array] = {}
        scalars = [row[: self._scalars] for row in rows] if self._tensors else rows
        matrix = np.array(scalars, np.object_).T
        blocks = tuple([each.convert(matrix, columns) for each in self._blocks])
        for place, spec in enumerate(self._tensors, start=self._scalars):
            columns[spec.name] = np.array([row[place] for row in rows], DTYPES[spec.dtype])
        return Batch(columns, len(rows), 0, blocks)


class _Conversion:
    """Makes the values of a block of what was decoded."""

    def __init__(self, block: Block, vectors: frozenset[str]) -> None:
        names = [spec.name for spec in block.specs]
        self.block = block
        self._names = names
        self._places = slice(block.start, block.start + len(names))
        self._dtype = DTYPES[block.dtype]
        self._nulls = block.dtype == "string" and any(spec.nullable for spec in block.specs)
        self._vectors = vectors.issuperset(names)

    def convert(self, matrix: Array, columns: dict[str, Array]) -> Array:
        """The block, [inputs, rows], of a `matrix` of all scalar inputs; its slices become
        `columns`."""
        values: Array = matrix[self._places].astype(self._dtype, "C")  # None becomes NaN
        if self._nulls:
            values[values == None] = ""  # noqa: E711 - of each value
        slices = values[:, :, None] if self._vectors else values
        columns.update(zip(self._names, slices, strict=True))
        return values


def _row(specs: Sequence[Input], text_length: int) -> type | None:
    """The type of a row; None where the contract has an input that cannot be a part of one."""
    types = [_type(spec, text_length) for spec in specs]
    if None in types:
        return None
    try:
        return _struct("Row", [spec.name for spec in specs], types)
    except ValueError:  # a name with a quote, a backslash or a control character
        return None


def _struct(name: str, keys: Sequence[str], types: Sequence[Any]) -> type:
    """A type of objects with these keys and no others. An attribute has its place for a name,
    since a key may be any text."""
    fields = [f"f{number}" for number in range(len(keys))]
    return msgspec.defstruct(
        name,
        list(zip(fields, types, strict=True)),
        rename=dict(zip(fields, keys, strict=True)),
        forbid_unknown_fields=True,
        gc=False,
    )


def _type(spec: Input, text_length: int) -> Any:
    """What msgspec checks a value by; None where there is no such type."""
    kind = _scalar(spec, text_length)
    if kind is None or 0 in spec.shape:
        return None
    for size in reversed(spec.shape):
        kind = Annotated[_list(kind), msgspec.Meta(min_length=size, max_length=size)]
    return Optional[kind] if spec.nullable else kind  # noqa: UP045 - of a type that is a value


def _list(kind: Any) -> Any:
    """The type of a list of values of a type that is a value."""
    return list.__class_getitem__(kind)


def _scalar(spec: Input, text_length: int) -> Any:
    if spec.dtype == "bool":
        return bool
    if spec.dtype == "string":
        if spec.unseen == "accept":
            return Annotated[str, msgspec.Meta(max_length=text_length)]
        known = tuple(text for text in spec.categories or () if len(text) <= text_length)
        return Literal[known] if known else None
    low, high = spec.range or (-math.inf, math.inf)
    if spec.dtype == "int64":
        least = -WHOLE if low < -WHOLE else math.ceil(low)
        most = WHOLE - 1 if high >= WHOLE else math.floor(high)
        return Annotated[int, msgspec.Meta(ge=least, le=most)]
    limit = float(np.finfo(DTYPES[spec.dtype]).max)
    return Annotated[float, msgspec.Meta(ge=max(-limit, low), le=min(limit, high))]
