"""A unit in the making: its predictions and its refused rows in files of this machine, and what
was counted on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from serving.batch.checking.checker import Checked
from serving.batch.reading.chunk import Chunk
from serving.batch.writing.predictions import Predictions
from serving.rows.column import Array


class Draft:
    """Takes the windows of a unit of the file `path`. `last` says whether the file ends here."""

    def __init__(self, predictions: Predictions, problems: Path, path: str) -> None:
        self._predictions, self._problems_file, self._path = predictions, problems, path
        self._start: int | None = None
        self._end = 0
        self._scored = self.refused = 0
        self.last = False
        self._reasons: Counter[str] = Counter()

    def __enter__(self) -> Draft:
        with ExitStack() as stack:
            stack.enter_context(self._predictions)
            self._problems = stack.enter_context(self._problems_file.open("w", encoding="utf-8"))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(
        self, chunk: Chunk, checked: Checked, score: Array, given: Mapping[str, pa.Array]
    ) -> None:
        """A window: what was allowed of it, the scores of those rows, and the columns of the input
        that go along."""
        numbers = chunk.numbers if checked.kept is None else chunk.numbers[checked.kept]
        self._predictions.add(numbers, score, given)
        for problem in checked.problems:
            line = {"file": self._path, **asdict(problem)}
            self._problems.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._reasons[f"{problem.field or 'row'}: {problem.reason}"] += 1
        self._start = chunk.first if self._start is None else self._start
        self._end = chunk.end
        self._scored += checked.rows
        self.refused += len(chunk.numbers) + len(chunk.broken) - checked.rows

    def counted(self) -> dict[str, Any]:
        """What serving.batch.documents.Unit says of its rows."""
        return {
            "start": self._start,
            "end": self._end,
            "rows": self._scored + self.refused,
            "scored": self._scored,
            "refused": self.refused,
            "last": self.last,
            "reasons": dict(sorted(self._reasons.items())),
        }


def carried(chunk: Chunk, kept: Array | None, columns: Mapping[str, str]) -> dict[str, pa.Array]:
    """The columns of the input that go along, new name → values of the rows that were kept."""
    return {name: _taken(chunk, own, kept) for name, own in columns.items()}


def _taken(chunk: Chunk, name: str, kept: Array | None) -> pa.Array:
    if isinstance(chunk.rows, list):
        rows = chunk.rows if kept is None else [chunk.rows[place] for place in kept.tolist()]
        return pa.array([_text(row.get(name)) for row in rows], pa.string())
    array = chunk.rows.column(chunk.rows.schema.get_field_index(name))
    # One file may have texts in one way, and another in another.
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return array if kept is None else array.take(pa.array(kept))


def _text(value: Any) -> str | None:
    """A JSON value: rows may have different types, a column has one."""
    return value if value is None or isinstance(value, str) else json.dumps(value)
