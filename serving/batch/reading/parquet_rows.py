"""Rows of a Parquet file, a few at a time, from any row on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from serving.batch.reading.chunk import Chunk, arrow_chunk
from serving.batch.reading.sources import Source

BUFFER = 1024 * 1024  # bytes of a column that are read ahead


def parquet_layout(source: Source) -> tuple[pa.Schema, int]:
    """Columns, and the number of rows."""
    with _opened(source) as file:
        return file.schema_arrow, file.metadata.num_rows


def parquet_chunks(
    source: Source, columns: Sequence[str], start: int, *, rows: int, texts: Sequence[str] = ()
) -> Iterator[Chunk]:
    """The rows from the row group on that has row `start`, `rows` at once. `texts` are columns of
    which each different value is read once, as Parquet keeps them."""
    with _opened(source, texts) as file:
        first, groups = 0, list(range(file.metadata.num_row_groups))
        while groups and first + (size := file.metadata.row_group(groups[0]).num_rows) <= start:
            first += size
            del groups[0]
        if not groups:
            return
        for batch in file.iter_batches(rows, groups, list(columns), use_threads=False):
            yield arrow_chunk(first, batch)
            first += batch.num_rows


@contextmanager
def _opened(source: Source, dictionaries: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    with source.open() as stream:
        yield pq.ParquetFile(
            stream, read_dictionary=list(dictionaries), buffer_size=BUFFER, pre_buffer=False
        )
