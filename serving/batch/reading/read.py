"""Rows of a file of any format, in windows; what is wrong with the file, in words."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from serving.batch.errors import BadInput, failed, is_of_a_store
from serving.batch.reading.chunk import Chunk, Cut, in_windows
from serving.batch.reading.csv_rows import csv_chunks, csv_layout
from serving.batch.reading.json_rows import json_chunks
from serving.batch.reading.parquet_rows import parquet_chunks, parquet_layout
from serving.batch.reading.sources import Source

READ = 4  # windows of a Parquet file at once: fewer cost more calls, more cost memory
# What readers and unpackers say of broken bytes.
ERRORS = (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class Layout:
    """What can be known of a file before its rows are read: its columns, None for JSON lines, and
    how many rows it has, None for texts."""

    schema: pa.Schema | None
    rows: int | None


def look(source: Source) -> Layout:
    """BadInput if the file cannot be read."""
    with _explained(source, "at its beginning or its end"):
        if source.format == "parquet":
            return Layout(*parquet_layout(source))
        if source.format == "csv":
            return Layout(csv_layout(source), None)
        return Layout(None, None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job reads of a file: `columns`, of which `texts` hold strings that repeat; none for
    JSON lines, which are read whole. `along` are those that go into the results, new name → name.
    `cut` says where units and windows end."""

    columns: Sequence[str]
    texts: Sequence[str]
    along: Mapping[str, str]
    cut: Cut


def windows(source: Source, wanted: Wanted, start: int) -> Iterator[Chunk]:
    """The rows from number `start` on, where a unit begins, a window each; the last is short.

    Raises:
        BadInput: the file cannot be read on; names the row.
    """
    chunks = in_windows(_chunks(source, wanted, start), start, wanted.cut)
    row = start
    while True:
        with _explained(source, f"from row {row:,} on"):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk
        row = chunk.end


def _chunks(source: Source, wanted: Wanted, start: int) -> Iterator[Chunk]:
    if source.format == "parquet":
        rows, texts = READ * wanted.cut.window, wanted.texts
        return parquet_chunks(source, wanted.columns, start, rows=rows, texts=texts)
    return csv_chunks(source, wanted.columns) if source.format == "csv" else json_chunks(source)


@contextmanager
def _explained(source: Source, where: str) -> Iterator[None]:
    """Whatever a reader says of broken bytes, with the file and the place. Bytes that changed are
    no broken ones, and neither is a store that is away."""
    try:
        yield
    except Exception as error:
        of_a_store = is_of_a_store(error)
        if not of_a_store and not isinstance(error, ERRORS):
            raise
        source.require_same()
        if of_a_store:
            raise failed(f"{source.path}: {where}", error) from error
        reason = " ".join(str(error).split())[:300]
        raise BadInput(
            f"{source.path}: cannot be read as {source.format} {where}: {reason}. Is it whole, and "
            "of this format?"
        ) from error
