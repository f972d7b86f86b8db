"""CSV ↔ columns. An empty cell is null; so are NaN and nan in a column of numbers.

The first line is a header if it names an input; without one the columns are the inputs in the
contract's order. Columns of other names are ignored and counted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import orjson

from serving.contract import Contract, Input
from serving.errors import Refusal
from serving.predict.predictor import Query, Scored
from serving.protocols.document import columns
from serving.settings.policy import MOST_ROWS

CSV = "text/csv"
_TRUTH: Mapping[str, bool] = {"true": True, "false": False, "1": True, "0": False}


def read(body: bytes, contract: Contract) -> Query:
    """The columns of a CSV document. A cell that is not what its input takes stays a string, so
    that the refusal shows it.

    Raises:
        Refusal: 400 if it is not CSV in UTF-8, 422 if lines differ in length.
    """
    try:
        text = io.StringIO(body.decode("utf-8-sig"), newline="")
        # One line more than is allowed is enough to know that there are too many.
        lines = [line for line in islice(csv.reader(text), MOST_ROWS + 2) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusal(400, f"the body is not CSV: {error}") from error
    inputs = {spec.name: spec for spec in contract.inputs}
    names = list(inputs)
    if lines and not inputs.keys().isdisjoint(lines[0]):
        names = lines.pop(0)
    if len(set(names)) != len(names):
        raise Refusal(422, "the header names a column twice")
    for index, line in enumerate(lines):
        if len(line) != len(names):
            raise Refusal(422, f"row {index} has {len(line)} values, expected {len(names)}")
    if not lines:
        return Query(0, rows=[])
    cells = dict(zip(names, zip(*lines, strict=True), strict=True))
    parsed = {
        name: [*map(_reader(inputs[name]), column)] if name in inputs else list(column)
        for name, column in cells.items()
    }
    return columns(parsed, "csv")


def write(scored: Scored) -> bytes:
    """A line for each row: its score, or its scores separated by commas; each with the shortest
    digits that give the same float32 again."""
    rows = scored.score.reshape(len(scored.score), -1)
    text = orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY)
    return text[2:-2].replace(b"],[", b"\n") + b"\n"


def _reader(spec: Input) -> Callable[[str], Any]:
    if spec.dtype == "string":
        return lambda cell: cell or None
    if spec.dtype == "bool":
        return lambda cell: _TRUTH.get(cell.strip().lower(), cell or None)
    return _whole if spec.dtype == "int64" else _number


def _number(cell: str) -> Any:
    cell = cell.strip()
    if cell in ("", "NaN", "nan"):
        return None
    return _parsed(cell, float)


def _whole(cell: str) -> Any:
    """An integer exactly; through a float the large ones would change."""
    number = _parsed(cell.strip(), int)
    return _number(cell) if type(number) is str else number


def _parsed(cell: str, kind: Callable[[str], Any]) -> Any:
    """A number, or the cell as it is. Python would read 1_000 and other scripts' digits too."""
    if "_" in cell or not cell.isascii():
        return cell
    try:
        return kind(cell)
    except ValueError:
        return cell
