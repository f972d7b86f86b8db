"""Rows of a file with a JSON object on each line. Empty lines have a number, and are nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import orjson

from serving.batch.errors import BadInput
from serving.batch.reading.chunk import Chunk
from serving.batch.reading.sources import Source
from serving.errors import Problem
from serving.rows.messages import shorten

ROWS, BYTES = 1_024, 16 * 1024 * 1024  # at once
LINE = 16 * 1024 * 1024  # bytes: no row may be longer


def json_chunks(source: Source) -> Iterator[Chunk]:
    """All rows; those before the one that is wanted have to be read as well."""
    opened: Any = source.open()
    with io.BufferedReader(opened) as stream:  # fsspec's own streams read lines of any length alone
        first, size = 0, 0
        lines: list[bytes] = []
        while line := stream.readline(LINE + 1):
            if len(line) > LINE:
                raise BadInput(
                    f"{source.path}: row {first + len(lines)} is longer than {LINE:,} bytes"
                )
            lines.append(line)
            size += len(line)
            if len(lines) == ROWS or size > BYTES:
                yield _chunk(first, lines)
                first, size, lines = first + len(lines), 0, []
        if lines:
            yield _chunk(first, lines)


def _chunk(first: int, lines: list[bytes]) -> Chunk:
    numbers: list[int] = []
    rows: list[Mapping[str, Any]] = []
    broken: list[Problem] = []
    for number, line in enumerate(lines, first):
        if not (line := line.strip()):
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            broken.append(Problem(number, None, _shown(line), f"JSON: {error}", "json"))
            continue
        if type(row) is dict:
            numbers.append(number)
            rows.append(row)
        else:
            what = "an object of field: value"
            broken.append(Problem(number, None, shorten(row), what, "type"))
    last = first + len(lines)
    return Chunk(first, last, np.array(numbers, np.int64), rows, tuple(broken))


def _shown(line: bytes) -> str:
    return shorten(line[:200].decode("utf-8", "replace"))
