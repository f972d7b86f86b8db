"""Scores of parquet rows by a bento, over HTTP: the way that clients will get them.

Scores are cached by the content of the bento and of the file, so that judging again takes
seconds and starts no server.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from delivery.errors import HeldError, TargetError
from delivery.evidence.evaluation import Table, column
from delivery.files import write_whole
from delivery.gates.numbers.bootstrap import Floats
from serving.contract import EXAMPLES, Contract, Input

BATCH = 1_000  # rows a request
TIMEOUT = 60.0  # seconds a request


@dataclass(frozen=True)
class Example:
    """One line of examples.jsonl: a request row and the trained model's answer."""

    instance: dict[str, Any]
    prediction: float | list[float]


def read_examples(model: Path) -> list[Example]:
    """The examples in the model folder; HeldError names the line that cannot be read."""
    file = model / EXAMPLES
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise HeldError(f"{file} cannot be read: {error}; `dvc repro` writes it") from error
    examples = []
    for number, line in enumerate(lines, start=1):
        try:
            content = orjson.loads(line)
            examples.append(Example(content["instance"], content["prediction"]))
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise HeldError(f"{file}, line {number} is no example: {error!r}") from error
    return examples


def score_rows(url: str, rows: Sequence[dict[str, Any]], *, name: str = "row") -> Floats:
    """Ask the service at `url` for the scores of `rows`: [rows] or [rows, classes], float64.

    An answer that is null or not a number becomes NaN: that is evidence, not an error.

    Raises:
        HeldError: the service refuses a row; names row, field, value and what is allowed.
        TargetError: the service fails, or does not answer what was asked.
    """
    answers: list[Any] = []
    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False) as client:
        for start in range(0, len(rows), BATCH):
            answers += _ask(client, rows[start : start + BATCH], start, name)
    try:
        return np.array(answers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TargetError(f"{url}/predict answered with unequal rows: {error}") from error


def score_table(url: str, table: Table, contract: Contract, file: Path) -> Floats:
    """Scores of every row of `table`, sending the contract's inputs and nothing else."""
    rows = list(instances(table, contract, file))
    return score_rows(url, rows, name=f"row of {file.name}")


def instances(table: Table, contract: Contract, file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a request: the inputs of the contract, NaN as null."""
    columns = [_sendable(column(table, one.name, file), one, file) for one in contract.inputs]
    names = [one.name for one in contract.inputs]
    yield from pa.table(columns, names=names).to_pylist()


def _sendable(values: Table, one: Input, file: Path) -> Table:
    """A column as JSON can carry it. Infinity would silently become null, so it is refused."""
    if pa.types.is_floating(values.type):
        infinite = pc.sum(pc.is_inf(values)).as_py()
        if infinite:
            raise HeldError(f"{file.name}: column {one.name} is infinite in {infinite} rows")
        if one.dtype == "int64":
            # A column of integers with a gap is a column of floats in a data frame.
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
            try:
                return pc.cast(values, pa.int64())
            except pa.ArrowInvalid as error:
                raise HeldError(f"{file.name}: column {one.name} is not whole: {error}") from error
    return values


def _ask(client: httpx.Client, rows: Sequence[dict[str, Any]], start: int, name: str) -> list[Any]:
    body = orjson.dumps({"instances": list(rows)})
    try:
        answer = client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    except httpx.HTTPError as error:
        raise TargetError(f"{client.base_url} does not answer: {error!r}") from error
    if 400 <= answer.status_code < 500:
        raise HeldError(_refusal(answer, start, name))
    if answer.status_code != 200:
        raise TargetError(f"{client.base_url} answered {answer.status_code}: {answer.text[:300]}")
    predictions = orjson.loads(answer.content).get("predictions")
    if not isinstance(predictions, list) or len(predictions) != len(rows):
        raise TargetError(f"{client.base_url} did not answer {len(rows)} rows one by one")
    return predictions


def _refusal(answer: httpx.Response, start: int, name: str) -> str:
    """The first problem that the service names, with the row counted from the first row sent."""
    try:
        error = orjson.loads(answer.content)["error"]
        problem = error["problems"][0]
        return (
            f"the model refuses {name} {start + problem['row'] + 1}: field {problem['field']} is "
            f"{problem['value']}, expected {problem['expected']}"
        )
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
        return f"the model refuses a {name}: {answer.status_code} {answer.text[:300]}"


def cached(folder: Path, key: str, make: Callable[[], Floats]) -> Floats:
    """The array that was stored as `key`, or `make()`, stored for the next time.

    What cannot be read is made again: nothing under the cache is truth.
    """
    file, note = folder / f"{key}.npy", folder / f"{key}.json"
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        stored: Floats = np.load(file, allow_pickle=False)
        if list(stored.shape) == known["shape"]:
            return stored
    except (OSError, ValueError, KeyError):
        pass  # absent or damaged
    made = make()
    folder.mkdir(parents=True, exist_ok=True)
    incoming = folder / f"{key}.{os.getpid()}.npy"
    np.save(incoming, made)
    incoming.replace(file)
    write_whole(note, json.dumps({"key": key, "shape": list(made.shape)}))
    return made
