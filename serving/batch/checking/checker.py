"""Rows of a file → columns for the model, and the problems of the rows that it is not given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from serving.batch.checking.arrow_column import ArrowColumn, Text
from serving.batch.checking.text_cells import Cells, read_cells
from serving.batch.reading.chunk import Chunk
from serving.contract import Contract
from serving.errors import InvalidRows, Problem
from serving.rows.column import DTYPES, Array
from serving.rows.validate import Validator

TOGETHER = 2_048  # rows of JSON that are validated at once: a refused one costs them a second look
HIDDEN = "(sensitive)"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the contract allows of a chunk: the rows at the places `kept`, None for all of them.
    `columns` are theirs, as the model takes them. `problems` have the row's number in the file."""

    rows: int
    kept: Array | None
    columns: Mapping[str, Array | Text]
    problems: tuple[Problem, ...]

    def for_model(self) -> dict[str, Array]:
        """[rows, *shape] by input."""
        return {
            name: column.values() if isinstance(column, Text) else column
            for name, column in self.columns.items()
        }


class Checker:
    """Puts the contract to chunks. `texts` says that cells are texts, as in CSV."""

    def __init__(self, contract: Contract, text_length: int, *, texts: bool = False) -> None:
        self._contract = contract
        self._texts = texts
        self.columns = {spec.name: ArrowColumn(spec, text_length) for spec in contract.inputs}
        self._validate = Validator(contract, text_length=text_length)
        self._sensitive = {spec.name for spec in contract.inputs if spec.sensitive}

    def misfit(self, schema: pa.Schema) -> str | None:
        """Why no row with these columns can be allowed; None if some can."""
        for name, column in self.columns.items():
            if len(schema.get_all_field_indices(name)) > 1:
                return f"two columns are called {name!r}"
            if name not in schema.names:
                if not column.spec.nullable:
                    return f"it has no column {name!r}, which the model needs"
                continue
            kind = schema.field(name).type
            # pandas writes texts that are all missing as numbers that are all NaN.
            if column.spec.nullable and pa.types.is_floating(kind):
                continue
            if bool(column.spec.shape) if self._texts else column.misfit(kind):
                expected = column.expected
                return f"column {name!r} is {kind}, expected {expected}"
        return None

    def __call__(self, chunk: Chunk) -> Checked:
        checked = self._json(chunk) if isinstance(chunk.rows, list) else self._arrow(chunk)
        problems = [*chunk.broken, *checked.problems]
        shown = [
            replace(problem, value=HIDDEN) if problem.field in self._sensitive else problem
            for problem in sorted(problems, key=lambda problem: problem.row)
        ]
        return replace(checked, problems=tuple(shown))

    def _arrow(self, chunk: Chunk) -> Checked:
        rows = len(chunk.rows)
        cells = {name: self._cells(chunk.rows, name) for name in self.columns}
        looked = {
            name: self.columns[name].check(cell.values)
            for name, cell in cells.items()
            if cell is not None
        }
        refused = np.zeros(rows, np.bool_)
        for name, column in looked.items():
            if column.allowed is not None:
                refused |= ~column.allowed
            unread = cells[name].unread  # type: ignore[union-attr]  # looked at: it is there
            if unread is not None:
                refused |= unread
        kept = np.flatnonzero(~refused) if refused.any() else None
        columns: dict[str, Array | Text] = {}
        for name in self.columns:
            values = looked[name].values if name in looked else self._nulls(name, rows)
            columns[name] = values if kept is None else _taken(values, kept)
        problems = tuple(self._problems(chunk, cells, np.flatnonzero(refused)))
        return Checked(rows if kept is None else len(kept), kept, columns, problems)

    def _cells(self, rows: pa.RecordBatch, name: str) -> Cells | None:
        """The values of an input; None where the file has no such column."""
        place = rows.schema.get_field_index(name)
        if place < 0:
            return None
        array = rows.column(place)
        return read_cells(array, self.columns[name].spec) if self._texts else Cells(array)

    def _nulls(self, name: str, rows: int) -> Array:
        spec = self.columns[name].spec
        null: Any = "" if spec.dtype == "string" else np.nan
        return np.full(rows, null, DTYPES[spec.dtype])

    def _problems(
        self, chunk: Chunk, cells: Mapping[str, Cells | None], refused: Array
    ) -> Iterator[Problem]:
        for place in refused.tolist():
            row = int(chunk.numbers[place])
            for name, cell in cells.items():
                column = self.columns[name]
                problem = cell and column.problem(row, cell.shown(place))
                if problem:
                    yield problem

    def _json(self, chunk: Chunk) -> Checked:
        """As requests are validated; a refused row is taken out, and the others tried again."""
        rows: list[Any] = chunk.rows
        kept: list[int] = []
        problems: list[Problem] = []
        parts: list[Mapping[str, Array]] = []
        for start in range(0, len(rows), TOGETHER):
            places = list(range(start, min(start + TOGETHER, len(rows))))
            while places:
                try:
                    parts.append(self._validate([rows[place] for place in places]).columns)
                    break
                except InvalidRows as error:
                    bad = {places[problem.row] for problem in error.problems}
                places = [place for place in places if place not in bad]
                for place in bad:
                    problems += self._all_problems(rows[place], int(chunk.numbers[place]))
            kept += places
        whole = {
            name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0)
            for name in self.columns
        }
        all_kept = len(kept) == len(rows)
        places_kept = None if all_kept else np.array(kept, np.int64)
        return Checked(len(kept), places_kept, whole, tuple(problems))

    def _all_problems(self, row: Any, number: int) -> list[Problem]:
        try:
            self._validate([row])
        except InvalidRows as error:
            return [replace(problem, row=number) for problem in error.problems]
        raise AssertionError("it was refused among others")


def checkers(contract: Contract, text_length: int) -> dict[bool, Checker]:
    """For files whose cells are texts, and for others."""
    return {texts: Checker(contract, text_length, texts=texts) for texts in (False, True)}


def _taken(values: Array | Text, places: Array) -> Array | Text:
    if isinstance(values, Text):
        return Text(values.known, values.codes[places])
    taken: Array = values[places]
    return taken
